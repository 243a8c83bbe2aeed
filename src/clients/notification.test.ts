import { expect, it } from 'vitest'
import { createFakeUpstream, type SentCall } from '../../test/lab/fake-upstream.ts'
import type { NewLetter } from './generated/notification.ts'
import { createNotificationClient } from './notification.ts'

const letterTo = (name: string): NewLetter => ({
  key: `${name}:DEPOSIT`,
  userId: `id-of-${name}`,
  email: `${name}@example.com`,
  kind: 'DEPOSIT',
  amount: 5,
})

const asWritten = ({ key: _key, ...letter }: NewLetter) => ({
  orderId: null,
  bookingId: null,
  ...letter,
})

/** A sender, its log, and a notification that answers what the test says. */
const startSender = (answer: (call: SentCall) => unknown) => {
  const upstream = createFakeUpstream((call) => ({ status: 200, data: answer(call) }))
  const { sendLetter } = createNotificationClient(upstream)
  const send = (name: string) =>
    sendLetter({ ...letterTo(name), requestId: `r-${name}`, timeoutMs: 1_000 })
  return { ...upstream, send }
}

/** The letters of a request, in the order in which it has them. */
const lettersIn = ({ path, body = '' }: SentCall): NewLetter[] => {
  if (path === '/notifications') return [JSON.parse(body) as NewLetter]
  return (JSON.parse(body) as { letters: { letter: NewLetter }[] }).letters.map(
    ({ letter }) => letter,
  )
}

it('is sent when notification shows the letter that was asked for', async () => {
  const { send, sent, logged } = startSender((call) => asWritten(lettersIn(call)[0]!))
  expect((await send('masha')).outcome).toBe('done')
  expect(logged).toEqual([])
  expect(JSON.parse(sent[0]?.body ?? '')).toEqual(letterTo('masha'))
})

it('is still owed when notification shows another one, and the log names nobody', async () => {
  const { send, logged } = startSender(() => asWritten(letterTo('petya')))
  expect((await send('masha')).outcome).toBe('unknown')
  expect(logged).toHaveLength(1)
  expect(logged[0]).toContain('masha:DEPOSIT')
  expect(logged[0]).not.toMatch(/@|petya/)
})

const aboutBooking: NewLetter = {
  ...letterTo('masha'),
  key: 'b:BOOKING_CANCELLED:masha',
  kind: 'BOOKING_CANCELLED',
  bookingId: 'b',
  title: 'Sauna',
  startsAt: '2026-10-25T17:30:00.000Z',
  timeZone: 'UTC',
  cancelledBy: 'CUSTOMER',
  reason: 'Masha is ill',
}

/** How the letter about a booking ended, and all that the log told of it. */
const sendAboutBooking = async (answer: object) => {
  const { send, ask, sent, logged } = createFakeUpstream(() => ({ status: 201, data: answer }))
  const { sendLetter } = createNotificationClient({ send, ask })
  const { outcome } = await sendLetter({ ...aboutBooking, requestId: 'r', timeoutMs: 1_000 })
  return { outcome, sent: JSON.parse(sent[0]?.body ?? '') as unknown, log: logged.join('\n') }
}

it('about a booking is sent with all its words, and done when that booking is shown', async () => {
  const { outcome, sent, log } = await sendAboutBooking(asWritten(aboutBooking))
  expect([outcome, log]).toEqual(['done', ''])
  expect(sent).toEqual(aboutBooking)
})

it.each([
  ['another booking', { bookingId: 'c' }],
  ['no booking', { bookingId: null }],
  ['an order', { orderId: 'b' }],
])('about a booking is still owed when notification shows %s', async (_what, more) => {
  const { outcome, log } = await sendAboutBooking({ ...asWritten(aboutBooking), ...more })
  expect(outcome).toBe('unknown')
  expect(log).toContain('b:BOOKING_CANCELLED:masha')
  expect(log).not.toMatch(/@|Sauna|ill/)
})

it('is sent when a notification of the release before shows nothing about bookings', async () => {
  const { send } = startSender((call) => {
    const { bookingId: _bookingId, ...letter } = asWritten(lettersIn(call)[0]!)
    return letter
  })
  expect((await send('masha')).outcome).toBe('done')
})

it('is still owed when letters that shared a request were answered in another order', async () => {
  const { send } = startSender((call) => {
    const parts = lettersIn(call).map((letter) => ({ status: 201, body: asWritten(letter) }))
    return { answers: parts.toReversed() }
  })
  const outcomes = await Promise.all([send('masha'), send('olya'), send('petya')])
  // The letter in the middle has a different answer.
  expect(outcomes.map(({ outcome }) => outcome)).toEqual(['unknown', 'done', 'unknown'])
})

it('shares a request with letters that become due in one turn, each with its own key', async () => {
  const { send, sent } = startSender((call) => ({
    answers: lettersIn(call).map((letter) => ({ status: 201, body: asWritten(letter) })),
  }))
  const outcomes = await Promise.all([send('masha'), send('olya')])
  expect(outcomes.map(({ outcome }) => outcome)).toEqual(['done', 'done'])
  expect(sent.map(({ path }) => path)).toEqual(['/notifications/many'])
  expect(JSON.parse(sent[0]?.body ?? '')).toEqual({
    letters: ['masha', 'olya'].map((name) => ({ requestId: `r-${name}`, letter: letterTo(name) })),
  })
})
