import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { startBehindLinks } from '../lab/behind-links.ts'
import { markedPerson } from '../lab/marked-person.ts'
import type { Behaviour } from '../lab/upstream.ts'

vi.setConfig({ testTimeout: 120_000 })

describe('the logs of the services, at level debug', () => {
  const person = markedPerson()
  let run: Awaited<ReturnType<typeof startBehindLinks>>

  beforeAll(async () => {
    run = await startBehindLinks(person)
  }, 90_000)
  afterAll(() => run.close())

  const echo = (status: number): Behaviour => ({
    status,
    body: JSON.stringify({ ...person.user, code: 'x', account: person.user, said: [person.user] }),
  })
  const failures: [string, Behaviour][] = [
    ['refuses', 'refuse'],
    ['loses its answers', 'drop-answer'],
    ['hangs', 'hang'],
    ['answers 500', echo(500)],
    ['answers 409 with all that it was told', echo(409)],
    ['answers with something else', echo(200)],
    ['answers with half a text', { status: 200, body: `{"email":"${person.user.email}` }],
  ]
  it.each(failures)('name no person while the called service %s', async (_how, behaviour) => {
    await run.shopWhileEachFails(behaviour)
    expect(await run.linesThatTell()).toEqual([])
  })
})
