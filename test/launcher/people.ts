import { execFile } from 'node:child_process'
import path from 'node:path'
import { expect } from 'vitest'
import { projectFolder } from '../../src/local/postgres/data-folder.ts'
import { inheritedByServices } from '../lab/environment.ts'

/** What people do at a gateway, in as few words as a launcher's test needs. */
export interface Tokens {
  readonly accessToken: string
  readonly refreshToken: string
}

export const post = (url: string, body: unknown) =>
  fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })

export const signUp = async (gateway: string, username: string, password: string) => {
  const email = `${username}@example.com`
  const response = await post(`${gateway}/users`, { username, email, password })
  expect(response.status).toBe(201)
  return (await response.json()) as { readonly id: string }
}

export const signIn = async (gateway: string, username: string, password: string) => {
  const response = await post(`${gateway}/sessions`, { username, password })
  expect(response.status).toBe(200)
  return (await response.json()) as Tokens
}

export const refresh = (gateway: string, { refreshToken }: Tokens) =>
  post(`${gateway}/sessions/refresh`, { refreshToken })

export const authorized = ({ accessToken }: Tokens) => ({ authorization: `Bearer ${accessToken}` })

/** What a token says, without a look at its signature. */
export const claimsOf = ({ accessToken }: Tokens) => {
  const [, payload = ''] = accessToken.split('.')
  return JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as Record<string, unknown>
}

export const rolesOf = (tokens: Tokens) => claimsOf(tokens)['roles'] as readonly string[]

/** Runs a command of the program in another process, as in another terminal. */
export const command = (args: readonly string[], variables: Record<string, string>) =>
  new Promise<{ readonly code: number; readonly output: string; readonly errors: string }>(
    (resolve) => {
      const options = { cwd: projectFolder, env: { ...inheritedByServices(), ...variables } }
      const entry = path.join(projectFolder, 'src', 'main.ts')
      execFile(process.execPath, [entry, ...args], options, (error, output, errors) =>
        resolve({ code: error ? Number(error.code) : 0, output, errors }),
      )
    },
  )
