import { existsSync, readFileSync, statSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openDataFolder, type DataFolder } from '../postgres/data-folder.ts'
import {
  isOperatorMissing,
  keptOperator,
  makeFirstOperator,
  operatorWasShown,
  type FirstOperator,
} from './first-operator.ts'

interface SignUp {
  readonly headers: IncomingHttpHeaders
  readonly body: { readonly username: string; readonly password: string }
}

let data: DataFolder
let signUps: SignUp[]
/** What the gateway answers, the last of them again and again. */
let answers: { readonly status: number; readonly code?: string }[]
/** The roles of each login. */
let logins: Map<string, string[]>
/** The start is killed before it gives the role. */
let isKilled: boolean
let gateway: string

const server = createServer((request, response) => {
  let text = ''
  request.on('data', (chunk: Buffer) => {
    text += chunk.toString('utf8')
  })
  request.on('end', () => {
    signUps.push({ headers: request.headers, body: JSON.parse(text) as SignUp['body'] })
    const [answer = { status: 500 }] = answers.length > 1 ? answers.splice(0, 1) : answers
    if (answer.status === 201 && !logins.has('operator')) logins.set('operator', [])
    response.writeHead(answer.status, { 'content-type': 'application/json', connection: 'close' })
    response.end(JSON.stringify({ code: answer.code }))
  })
})

beforeEach(async () => {
  data = openDataFolder(await mkdtemp(path.join(tmpdir(), 'orderly-operator-')))
  signUps = []
  answers = [{ status: 201 }]
  logins = new Map()
  isKilled = false
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  gateway = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterEach(async () => {
  await new Promise((resolve) => {
    server.close(resolve)
  })
  await rm(data.path, { recursive: true, force: true })
})

const roles = {
  rolesOf: (name: string) => Promise.resolve(logins.get(name)),
  makeOperator: (name: string) => {
    if (isKilled) return Promise.reject(new Error('killed'))
    if (!logins.has(name)) return Promise.resolve(false)
    logins.set(name, ['operator'])
    return Promise.resolve(true)
  },
}

const everybody = () => Object.fromEntries(logins)
const onlyTheOperator = { operator: ['operator'] }

/** What a launcher does of it at its start. It shows what it gets, unless it dies before. */
const start = async ({ diesBeforeShowing = false } = {}): Promise<FirstOperator | undefined> => {
  const ending = new AbortController().signal
  const operator = (await isOperatorMissing(data, roles))
    ? await makeFirstOperator({ data, roles, gateway, ending })
    : keptOperator(data)
  if (operator?.password !== undefined && !diesBeforeShowing) operatorWasShown(data)
  return operator
}

const file = () => data.file('operator.password')
const kept = () => readFileSync(file(), 'utf8').trim()

describe('the first operator', () => {
  it('is made at the first start, and its password is shown once and kept for its owner', async () => {
    const first = await start()
    expect(first?.password).toMatch(/^[\w-]{24}$/)
    expect(kept()).toBe(first?.password)
    expect(statSync(file()).mode & 0o777).toBe(0o600)
    expect(everybody()).toEqual(onlyTheOperator)
    expect(signUps).toHaveLength(1)
    expect(signUps[0]?.headers['idempotency-key']).toBe('first-operator')

    expect(await start()).toEqual({ passwordFile: file(), password: undefined })
    expect(signUps).toHaveLength(1)
  })

  it('is asked for again with the same key and password while the answer is not final', async () => {
    answers = [{ status: 202 }, { status: 503 }, { status: 429 }, { status: 201 }]
    const operator = await start()
    expect(signUps).toHaveLength(4)
    const sent = signUps.map(({ body, headers }) => [body.password, headers['idempotency-key']])
    expect(new Set(sent.map(String)).size).toBe(1)
    expect(operator?.password).toBe(signUps[0]?.body.password)
  })

  it('ends the same way after a start that died with the password on the disk', async () => {
    await writeFile(`${file()}.new`, 'as-the-dead-start-made-it\n', { mode: 0o600 })
    expect((await start())?.password).toBe('as-the-dead-start-made-it')
    expect(kept()).toBe('as-the-dead-start-made-it')
    expect(existsSync(`${file()}.new`)).toBe(false)
  })

  it('ends the same way after a start that died after the sign-up', async () => {
    isKilled = true
    await expect(start()).rejects.toThrow('killed')
    isKilled = false
    const operator = await start()
    expect(signUps.map(({ body }) => body.password)).toEqual([
      operator?.password,
      operator?.password,
    ])
    expect(everybody()).toEqual(onlyTheOperator)
  })

  it('is shown after a start that died before it showed anything', async () => {
    const dead = await start({ diesBeforeShowing: true })
    expect(await start()).toEqual(dead)
    expect((await start())?.password).toBeUndefined()
  })

  it('is made again, with the same password, on a database that is new', async () => {
    const first = await start()
    logins.clear()
    expect((await start())?.password).toBe(first?.password)
    expect(everybody()).toEqual(onlyTheOperator)
    expect((await start())?.password).toBeUndefined()
  })

  it('does not get the role back that somebody took away', async () => {
    await start()
    logins.set('operator', [])
    await start()
    expect(everybody()).toEqual({ operator: [] })
    expect(signUps).toHaveLength(1)
  })

  it('is not made of somebody else who has the name', async () => {
    logins.set('operator', [])
    await writeFile(`${file()}.new`, 'my-own-password\n')
    answers = [{ status: 409, code: 'username-taken' }]
    await expect(start()).rejects.toThrow(
      /belongs to somebody else \(username-taken\): .* npx node src\/main\.ts operator <username>/,
    )
    expect(everybody()).toEqual({ operator: [] })
    expect(existsSync(`${file()}.new`)).toBe(false)
  })

  it('is left to another launcher on the same Postgres that was quicker', async () => {
    answers = [{ status: 409, code: 'username-taken' }]
    logins.set('operator', ['operator'])
    const ending = new AbortController().signal
    expect(await makeFirstOperator({ data, roles, gateway, ending })).toBeUndefined()
    expect(await start()).toBeUndefined()
    expect(existsSync(file())).toBe(false)
    expect(signUps).toHaveLength(1)
  })
})
