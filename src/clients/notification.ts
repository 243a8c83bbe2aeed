import type { Transport } from '../platform/calls/client.ts'
import { maxTogether } from '../platform/http/schemas.ts'
import { createSharedCalls } from '../platform/calls/shared.ts'
import { sendLetter, sendLetters, type NewLetter } from './generated/notification.ts'
import { plainOptions, separateAnswer, sharedOptions, type SharedCallOptions } from './transport.ts'

interface LetterCall extends SharedCallOptions {
  /** The letter carries its own key. */
  readonly letter: NewLetter
}

const createSend = (transport: Transport) => {
  const alone = (call: LetterCall) => sendLetter(call.letter)(transport, plainOptions(call))
  return createSharedCalls({
    alone,
    together: async (calls: readonly LetterCall[]) => {
      const letters = calls.map(({ requestId, letter }) => ({ requestId, letter }))
      const { status, data } = await sendLetters({ letters })(transport, sharedOptions(calls))
      return status === 200 ? data?.answers : undefined
    },
    read: separateAnswer<Awaited<ReturnType<typeof alone>>>,
    maxTogether,
  })
}

/** What the other services may ask of notification. */
export const createNotificationClient = (transport: Transport) => ({
  sendLetter: createSend(transport),
})

export type NotificationClient = ReturnType<typeof createNotificationClient>
