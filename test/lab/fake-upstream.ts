import { pino } from 'pino'
import { createAsker, type Answer, type Attempt } from '../../src/platform/calls/client.ts'
import type { DescribedCall, Send } from '../../src/platform/calls/transport.ts'

export interface SentCall extends DescribedCall<unknown>, Partial<Attempt> {}

/** A client of a service that does not run: a test answers each call, or throws a transport error. */
export const createFakeUpstream = (answer: (call: SentCall) => Answer) => {
  const sent: SentCall[] = []
  const logged: string[] = []
  const send: Send = async <Given>(call: DescribedCall<Given>, options: Partial<Attempt>) => {
    const one = { ...call, ...options } as SentCall
    sent.push(one)
    return answer(one) as Given
  }
  const ask = createAsker({
    upstream: 'billing',
    log: pino({}, { write: (line) => void logged.push(line) }),
  })
  return { send, ask, sent, logged }
}
