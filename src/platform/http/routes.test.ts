import { describe, expect, it } from 'vitest'
import { createMatcher, type Route } from './routes.ts'

const route = (method: string, template: string): Route => ({
  method,
  template,
  service: 'user',
  access: 'anyone',
  takesKey: false,
})

describe('the matcher', () => {
  it('prefers words to parameters, in whatever order the contract names them', () => {
    const { find } = createMatcher([route('GET', '/users/{userId}'), route('GET', '/users/me')])
    expect(find('GET', '/users/me')?.template).toBe('/users/me')
    expect(find('GET', '/users/you')?.template).toBe('/users/{userId}')
  })

  it('tells a wrong method from a path that is not there', () => {
    const { match, find } = createMatcher([
      route('POST', '/users'),
      route('GET', '/users'),
      route('GET', '/users/{userId}'),
    ])
    expect(match('PUT', '/users')).toEqual({ kind: 'wrong-method', allow: 'POST, GET, HEAD' })
    expect(find('PUT', '/users')).toBeUndefined()
    for (const path of ['', '*', 'users', '/user', '/Users', '/users/', '/users/1/2', '//users'])
      expect(match('GET', path)).toEqual({ kind: 'nothing' })
  })

  it('refuses two owners of one route', () => {
    const other = { ...route('GET', '/users'), service: 'order' as const }
    expect(() => createMatcher([route('GET', '/users'), other])).toThrow(
      'GET /users is promised by both user and order',
    )
  })
})
