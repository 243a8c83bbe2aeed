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

/** Something else may have answered: only an answer with this letter proves that it is stored. */
const isLetter = (shown: Partial<Letter> | null | undefined, asked: NewLetter) =>
  shown?.kind === asked.kind &&
  shown.userId === asked.userId &&
  shown.email === asked.email &&
  shown.orderId === ('orderId' in asked ? asked.orderId : null) &&
  // A notification of the release before shows no booking.
  (shown.bookingId ?? null) === ('bookingId' in asked ? asked.bookingId : null) &&
  shown.amount === asked.amount

/** The calls that other services may make to notification. */
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
     * The letter's key comes from the row that owes it, so every repeat sends the
     * same letter. It stays owed until an answer acknowledges exactly this letter:
     * there is no refusal.
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
