import { Writable } from 'node:stream'
import { pino } from 'pino'
import { expect, it } from 'vitest'
import { createCaller, type TransportRequest } from '../platform/calls/client.ts'
import { createLog } from '../platform/base/telemetry.ts'
import type { NewLetter } from './generated/notification.ts'
import { createLetterSender } from './letter-sender.ts'
import { createNotificationClient } from './notification.ts'

const letterTo = (name: string): NewLetter => ({
  key: `${name}:DEPOSIT`,
  userId: `id-of-${name}`,
  email: `${name}@example.com`,
  kind: 'DEPOSIT',
  amount: 5,
})

const asWritten = ({ key: _key, ...letter }: NewLetter) => ({ ...letter, orderId: null })

/** A sender whose notification answers what a test tells it to, and what it logged. */
const startSender = (answer: (request: TransportRequest) => unknown) => {
  const logged: string[] = []
  const stream = new Writable({
    write: (line, _encoding, done) => {
      logged.push(String(line))
      done()
    },
  })
  const notification = createNotificationClient({
    send: async (request) => ({
      status: 200,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(answer(request)),
    }),
  })
  const send = createLetterSender({
    notification,
    callNotification: createCaller({
      upstream: 'notification',
      log: createLog('order', 'silent'),
    }),
    budgetMs: 1_000,
    log: pino(stream),
  })
  return { send: (name: string) => send(letterTo(name), `r-${name}`), logged }
}

/** The letters of a request, in their order. */
const lettersIn = ({ path, body = '' }: TransportRequest): NewLetter[] => {
  if (path === '/notifications') return [JSON.parse(body) as NewLetter]
  return (JSON.parse(body) as { letters: { letter: NewLetter }[] }).letters.map(
    ({ letter }) => letter,
  )
}

it('is sent when notification shows the letter that was asked for', async () => {
  const { send, logged } = startSender((request) => asWritten(lettersIn(request)[0]!))
  expect((await send('masha')).kind).toBe('answered')
  expect(logged).toEqual([])
})

it('is still owed when notification shows another one, and the log names nobody', async () => {
  const { send, logged } = startSender(() => asWritten(letterTo('petya')))
  expect((await send('masha')).kind).toBe('unknown')
  expect(logged).toHaveLength(1)
  expect(logged[0]).toContain('masha:DEPOSIT')
  expect(logged[0]).not.toMatch(/@|petya/)
})

it('is still owed when letters that shared a request were answered in another order', async () => {
  const { send } = startSender((request) => {
    const parts = lettersIn(request).map((letter) => ({ status: 201, body: asWritten(letter) }))
    return { answers: parts.toReversed() }
  })
  const outcomes = await Promise.all([send('masha'), send('olya'), send('petya')])
  // The one in the middle has its own answer.
  expect(outcomes.map(({ kind }) => kind)).toEqual(['unknown', 'answered', 'unknown'])
})
