import { gzipSync } from 'node:zlib'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { consoleFiles } from './console-files.ts'
import type { Issuer } from './issuer.ts'

const own: Issuer = { url: 'http://localhost:8000/identity', isOwn: true, rolesClaim: 'roles' }

const textOf = ({ url, fill }: ReturnType<typeof consoleFiles>[number]) => {
  const text = readFileSync(url, 'utf8')
  return fill === undefined ? text : fill(text)
}

const at = (path: string, issuer = own) => {
  const found = consoleFiles(issuer).find((file) => file.path === path)
  if (found === undefined) throw new Error(`nothing is served at ${path}`)
  return textOf(found)
}

const maxBytes = 100_000

describe('the files of the console', () => {
  it(`are at most ${maxBytes} bytes altogether, compressed`, () => {
    const files = consoleFiles(own).filter(({ path }) => path !== '/console/')
    const bytes = files.map((file) => gzipSync(textOf(file)).length)
    expect(bytes.reduce((sum, each) => sum + each, 0)).toBeLessThanOrEqual(maxBytes)
  })

  it('import nothing but each other', () => {
    const files = consoleFiles(own)
    const paths = new Set(files.map(({ path }) => path))
    for (const file of files.filter(({ path }) => path.endsWith('.js'))) {
      const code = textOf(file).replaceAll(/\/\*[^]*?\*\//g, '')
      const imported = code.matchAll(/^import\b(?:[^'"=(]*\bfrom)?\s*["']([^"']+)["']/gm)
      for (const [, name = ''] of imported) {
        const { pathname } = new URL(name, `http://localhost${file.path}`)
        expect(name.startsWith('.') || name.startsWith('/'), `${name} in ${file.path}`).toBe(true)
        expect(paths, `${name} in ${file.path}`).toContain(pathname)
      }
    }
  })

  it('are no tests and no TypeScript', () => {
    const endings = consoleFiles(own).map(({ path }) => path.split('/').at(-1)?.split('.').at(-1))
    expect(new Set(endings)).toEqual(new Set(['console', '', 'js', 'css']))
  })

  it('tell the page of another issuer, and where its roles are', () => {
    expect(at('/console')).toContain('data-issuer=""')
    const other = { url: 'https://id.example/a"b', isOwn: false, rolesClaim: 'realm_access.roles' }
    const page = at('/console/', other)
    expect(page).toContain('data-issuer="https://id.example/a&quot;b"')
    expect(page).toContain('data-roles-claim="realm_access.roles"')
  })
})
