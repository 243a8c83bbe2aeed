import { whenFileEnds } from '../cleanup.ts'
import { openLink } from '../../../src/local/lab/link.ts'
import { exchange } from '../../../src/local/lab/link/http-wire.ts'
import type { Connection, Effect, Message } from '../../../src/local/lab/link/lane.ts'

/** A message as a picture shows it. Crossed arrows show lost messages. */
export interface SentMessage {
  readonly from: string
  readonly to: string
  readonly arrow: '->>' | '-->>' | '-x' | '--x'
  readonly request: {
    readonly method: string
    readonly path: string
    readonly key: string
    readonly body: string
  }
  readonly answer?: {
    readonly status: number
    readonly headers: Readonly<Record<string, string>>
    readonly body: string
  }
}

/** What happens to the next message. Nobody hears of a lost one until the caller gives up. */
export type Loss =
  | 'the request'
  | 'the answer'
  /** The caller dies while the answer is on its way. */
  | { readonly killCaller: () => Promise<void> }

export interface RecordedLinkOptions {
  readonly from: string
  readonly to: string
  readonly target: () => string
  readonly record: (message: SentMessage) => void
}

interface Asked {
  readonly request: SentMessage['request']
  readonly loss: Loss | undefined
  isAnswered: boolean
}

const toRequest = ({ start, headers, body }: Message): SentMessage['request'] => {
  const [method = '', path = ''] = start.split(' ')
  return { method, path, key: headers['idempotency-key'] ?? '', body }
}

/** A link that notes each message, and can lose one. */
export const openRecordedLink = async ({ from, to, target, record }: RecordedLinkOptions) => {
  const asked = new WeakMap<Connection, Asked>()
  let nextLoss: Loss | undefined
  let last: Message | undefined
  let lost: Message | undefined

  const recordRequest = ({ request, loss }: Asked) =>
    record({ from, to, arrow: loss === 'the request' ? '-x' : '->>', request })
  const recordAnswer = ({ request, loss }: Asked, { start, headers, body }: Message) => {
    const answer = { status: Number(start.split(' ')[1]), headers, body }
    record({ from: to, to: from, arrow: loss ? '--x' : '-->>', request, answer })
  }
  const targetPort = () => Number(new URL(target()).port)

  const watch: Effect = {
    hold: async ({ direction, connection }, { messages: [message] }) => {
      if (message === undefined) return
      if (direction === 'up') {
        const asking = { request: toRequest(message), loss: nextLoss, isAnswered: false }
        nextLoss = undefined
        last = message
        if (asking.loss === 'the request') lost = message
        asked.set(connection, asking)
        recordRequest(asking)
        connection.callee.once('close', () => {
          const { request, isAnswered, loss } = asking
          if (!isAnswered && !loss) record({ from: to, to: from, arrow: '--x', request })
        })
        return
      }
      const answered = asked.get(connection)
      if (answered === undefined) return
      answered.isAnswered = true
      recordAnswer(answered, message)
      if (typeof answered.loss === 'object') await answered.loss.killCaller()
    },
    take: ({ direction, connection }) => {
      const loss = asked.get(connection)?.loss
      const isLost = direction === 'up' ? loss === 'the request' : loss !== undefined
      if (isLost) connection.silence()
      return isLost
    },
  }
  const link = await openLink({
    name: `${from}→${to}`,
    protocol: 'http',
    passes: 'messages',
    targets: () => [targetPort()],
    watch,
  })
  whenFileEnds(link.close)
  const arrive = async (message: Message | undefined) => {
    if (!message) throw new Error('no such request was sent yet')
    const asking = { request: toRequest(message), loss: undefined, isAnswered: false }
    recordRequest(asking)
    recordAnswer(asking, await exchange(message, targetPort()))
  }
  return {
    url: link.url,
    loseNext: (loss: Loss) => {
      nextLoss = loss
    },
    /** Lets the last request arrive once more, like a copy that was delayed on its way. */
    lastAgain: () => arrive(last),
    /** Lets the last request that was lost arrive after all. */
    lostArrives: () => arrive(lost),
  }
}
