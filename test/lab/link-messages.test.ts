import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import postgres from 'postgres'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createTestDatabase } from './database.ts'
import { openLink, type Link } from '../../src/local/lab/link.ts'
import type { DeliverLate } from '../../src/local/lab/link/faults.ts'
import { eventually } from './wait.ts'

/** Everything that a test opens here is closed after it. */
const opened: (() => unknown)[] = []
afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close()
})

const openMessageLink = async (
  protocol: 'http' | 'database',
  targets: () => readonly number[],
): Promise<Link> => {
  const link = await openLink({ name: 'link', protocol, targets, passes: 'messages' })
  opened.push(link.close)
  return link
}

/** What the fault told, and how to deliver what it holds. */
const createListener = () => {
  const told: string[] = []
  let deliver: DeliverLate | undefined
  return {
    told,
    onStruck: (what: string, delivery?: DeliverLate) => {
      told.push(what)
      deliver = delivery
    },
    deliver: async () => deliver?.(),
  }
}

describe('a link that passes requests on', () => {
  let bodies: string[]
  let targets: number[]
  let link: Link
  const startCallee = async (name: string) => {
    const server = createServer((incoming, response) => {
      let body = ''
      incoming.on('data', (piece: Buffer) => (body += piece.toString()))
      incoming.on('end', () => {
        bodies.push(`${name} got ${body}`)
        response.end(`${name} did ${body}`)
      })
    })
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve)
    })
    opened.push(
      () => server.close(),
      () => server.closeAllConnections(),
    )
    return (server.address() as AddressInfo).port
  }
  beforeEach(async () => {
    bodies = []
    targets = [await startCallee('first')]
    link = await openMessageLink('http', () => targets)
  })

  const post = async (body: string, timeoutMs = 5_000) => {
    const signal = AbortSignal.timeout(timeoutMs)
    return (await fetch(`${link.url}/orders`, { method: 'POST', body, signal })).text()
  }

  it('sends each request to whoever is the callee at that moment', async () => {
    expect(await post('one')).toBe('first did one')
    targets = [await startCallee('second')]
    expect(await post('two')).toBe('second did two')
  })

  it('breaks each connection while there is no callee', async () => {
    const before = targets
    targets = []
    await expect(post('one')).rejects.toThrow('fetch failed')
    targets = before
    expect(await post('two')).toBe('first did two')
    expect(bodies).toStrictEqual(['first got two'])
  })

  it('loses one answer after the work was done', async () => {
    const { told, onStruck } = createListener()
    const fault = link.begin({ kind: 'lose-answer', onStruck })
    await expect(post('one')).rejects.toThrow('fetch failed')
    expect(await post('two')).toBe('first did two')
    expect(bodies).toStrictEqual(['first got one', 'first got two'])
    expect(fault.strikes()).toBe(1)
    expect(told).toStrictEqual([
      'POST /orders HTTP/1.1 was answered HTTP/1.1 200 OK, and the answer was lost',
    ])
  })

  it('holds one request until its caller gives up, and delivers it when it is told to', async () => {
    const { told, onStruck, deliver } = createListener()
    const fault = link.begin({ kind: 'hold', caller: 'gives up', onStruck })
    await expect(post('one', 100)).rejects.toThrow('timeout')
    await eventually(() => expect(told).toHaveLength(1))
    expect(await post('two')).toBe('first did two')
    expect(bodies).toStrictEqual(['first got two'])
    expect(await deliver()).toContain('was delivered late and answered HTTP/1.1 200 OK')
    expect(bodies).toStrictEqual(['first got two', 'first got one'])
    expect(fault.strikes()).toBe(1)
  })

  it('delivers the last request once more', async () => {
    expect(link.lastAgain()).toBeUndefined()
    await post('one')
    expect(await link.lastAgain()?.()).toContain('answered HTTP/1.1 200 OK')
    expect(bodies).toStrictEqual(['first got one', 'first got one'])
  })

  it('forgets a fault that was ended before anything met it', async () => {
    const fault = link.begin({ kind: 'lose-answer' })
    link.endFaults()
    expect(await post('one')).toBe('first did one')
    expect(fault.strikes()).toBe(0)
  })

  it('lets whoever watches hold a request back', async () => {
    const seen: string[] = []
    const watched = await openLink({
      name: 'watched',
      protocol: 'http',
      passes: 'messages',
      targets: () => targets,
      watch: {
        hold: async ({ direction }, { messages: [message] }) => {
          seen.push(`${direction} ${message?.body}, ${bodies.length} arrived`)
        },
      },
    })
    opened.push(watched.close)
    await (await fetch(watched.url, { method: 'POST', body: 'one' })).text()
    expect(seen).toStrictEqual(['up one, 0 arrived', 'down first did one, 1 arrived'])
  })
})

describe('a link that passes statements on', () => {
  const prepare = async () => {
    const { url, sql: direct } = await createTestDatabase('notification')
    await direct.unsafe('create table notes (word text); grant select, insert on notes to public')
    const address = new URL(url)
    const port = Number(address.port)
    const link = await openMessageLink('database', () => [port])
    address.host = `127.0.0.1:${link.port}`
    const sql = postgres(address.href, { max: 1, connect_timeout: 5, onnotice: () => {} })
    opened.push(() => sql.end({ timeout: 0 }))
    const insert = async (word: string) => void (await sql`insert into notes values (${word})`)
    const words = async () =>
      (await direct<{ word: string }[]>`select word from notes`).map(({ word }) => word)
    await insert('before')
    return { link, insert, words }
  }

  it('loses one answer after Postgres committed', async () => {
    const { link, insert, words } = await prepare()
    const fault = link.begin({ kind: 'lose-answer' })
    await expect(insert('lost')).rejects.toThrow('CONNECTION_CLOSED')
    expect(fault.strikes()).toBe(1)
    await insert('after')
    expect(await words()).toStrictEqual(['before', 'lost', 'after'])
  })

  it('holds one statement and cuts its sender off, and it commits when it is delivered', async () => {
    const { link, insert, words } = await prepare()
    const { onStruck, deliver } = createListener()
    link.begin({ kind: 'hold', caller: 'is cut off', onStruck })
    await expect(insert('held')).rejects.toThrow('CONNECTION_CLOSED')
    await insert('after')
    expect(await words()).toStrictEqual(['before', 'after'])
    expect(await deliver()).toBe('the late statement ran at Postgres')
    expect(await words()).toStrictEqual(['before', 'after', 'held'])
  })

  it('holds one statement in silence, and it commits although its sender still waits', async () => {
    const { link, insert, words } = await prepare()
    const { onStruck, deliver } = createListener()
    const fault = link.begin({ kind: 'hold', caller: 'hears nothing', onStruck })
    const outcome = insert('held').then(
      () => 'was answered',
      () => 'was broken',
    )
    await eventually(() => expect(fault.strikes()).toBe(1))
    expect(await words()).toStrictEqual(['before'])
    await deliver()
    expect(await words()).toStrictEqual(['before', 'held'])
    expect(await outcome).toBe('was broken')
  })
})
