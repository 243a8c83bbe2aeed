import type { Transport } from '../platform/http-client.ts'
import { sendLetter, type NewLetter } from './generated/notification.ts'
import type { CallOptions } from './transport.ts'

/** What the other services may ask of notification. */
export const createNotificationClient = (transport: Transport) => ({
  /** The letter carries its own key. */
  sendLetter: (letter: NewLetter, options?: CallOptions) => sendLetter(letter)(transport, options),
})

export type NotificationClient = ReturnType<typeof createNotificationClient>
