import type { CallOptions, Upstream } from '../platform/calls/client.ts'
import { createSharedCalls } from '../platform/calls/shared.ts'
import { maxTogether } from '../platform/http/schemas.ts'
import {
  sendLetter,
  sendLetters,
  type Letter,
  type NewLetter,
  type NewLettersLettersItem,
  type sendLetterResponse,
} from './generated/notification.ts'

/** Whoever answered may not have been notification: only the letter itself says that it is kept. */
const isLetter = (shown: Partial<Letter> | null | undefined, asked: NewLetter) =>
  shown?.kind === asked.kind &&
  shown.userId === asked.userId &&
  shown.email === asked.email &&
  shown.orderId === ('orderId' in asked ? asked.orderId : null) &&
  shown.amount === asked.amount

/** What the other services may ask of notification. */
export const createNotificationClient = ({ send, ask }: Upstream) => {
  const sendShared = createSharedCalls<NewLettersLettersItem, sendLetterResponse>({
    alone: ({ letter }, attempt) => send(sendLetter(letter), attempt),
    together: async (letters, timeoutMs) => {
      const { status, data } = await send(sendLetters({ letters }), { timeoutMs })
      return status === 200 ? data?.answers : undefined
    },
    maxTogether,
  })
  return {
    /**
     * The letter's key comes from the row that owes it, so whoever sends it again
     * sends the same. What is owed stays owed: only an acknowledgement of just this
     * letter ends it, and there is no refusal.
     */
    sendLetter: ({ requestId, timeoutMs, ...letter }: NewLetter & CallOptions) =>
      ask(
        { requestId, timeoutMs },
        {
          send: (attempt) => sendShared({ requestId, letter }, attempt),
          read: ({ status, data }) =>
            (status === 200 || status === 201) && isLetter(data, letter)
              ? ({ outcome: 'done' } as const)
              : undefined,
          complaint: 'notification did not acknowledge a letter',
          about: { key: letter.key, requestId },
        },
      ),
  }
}

export type NotificationClient = ReturnType<typeof createNotificationClient>
