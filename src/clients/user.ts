import type { Transport } from '../platform/calls/client.ts'
import { getUser } from './generated/user.ts'
import type { CallOptions } from './transport.ts'

/** What the other services may ask of user. */
export const createUserClient = (transport: Transport) => ({
  getUser: (userId: string, options?: CallOptions) => getUser(userId)(transport, options),
})

export type UserClient = ReturnType<typeof createUserClient>
