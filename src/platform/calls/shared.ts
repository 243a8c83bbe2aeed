/**
 * Calls of one kind that are made within one turn of the event loop share one
 * request: callers who shared a statement go on in the same turn, and what one
 * request costs is paid once. Nobody waits for others, only for the end of the
 * turn, and a call that is alone is sent by itself.
 *
 * Each caller gets what it would have got alone. When the other side does not
 * understand the shared request, every call is sent alone; when nobody knows
 * what became of it, every caller learns just that, and repeats with its key: a
 * repeat goes alone, whatever was wrong with those that it went with.
 */
export interface Repeatable {
  /** From 1 on; none is the first one. */
  readonly attempt?: number
}

export interface SharedCallsOptions<Call, Answer, Part> {
  readonly alone: (call: Call) => Promise<Answer>
  /** One part of the answer for each call, in their order; undefined: it was not understood. */
  readonly together: (calls: readonly Call[]) => Promise<readonly Part[] | undefined>
  /** Throws when this part leaves the outcome of its call open. */
  readonly read: (part: Part) => Answer
  readonly maxTogether: number
}

interface Waiting<Call, Answer> {
  readonly call: Call
  readonly resolve: (answer: Answer | Promise<Answer>) => void
  readonly reject: (error: unknown) => void
}

export const createSharedCalls = <Call extends Repeatable, Answer, Part>(
  options: SharedCallsOptions<Call, Answer, Part>,
) => {
  const { alone, together, read, maxTogether } = options
  let waiting: Waiting<Call, Answer>[] = []

  const sendAlone = ({ call, resolve }: Waiting<Call, Answer>) => resolve(alone(call))

  const send = async (entries: readonly Waiting<Call, Answer>[]) => {
    const parts = await together(entries.map(({ call }) => call))
    if (parts?.length !== entries.length) return entries.forEach(sendAlone)
    entries.forEach(({ resolve, reject }, index) => {
      try {
        resolve(read(parts[index] as Part))
      } catch (error) {
        reject(error)
      }
    })
  }

  const sendAll = () => {
    const entries = waiting
    waiting = []
    for (let at = 0; at < entries.length; at += maxTogether) {
      const some = entries.slice(at, at + maxTogether)
      if (some.length === 1) some.forEach(sendAlone)
      else send(some).catch((error: unknown) => some.forEach(({ reject }) => reject(error)))
    }
  }

  const share = (call: Call): Promise<Answer> =>
    new Promise((resolve, reject) => {
      if (waiting.length === 0) setImmediate(sendAll)
      waiting.push({ call, resolve, reject })
    })

  return (call: Call): Promise<Answer> => ((call.attempt ?? 1) > 1 ? alone(call) : share(call))
}
