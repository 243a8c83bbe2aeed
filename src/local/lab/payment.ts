import type { Arrows } from './arrows.ts'
import type { Message } from './link/lane.ts'

export interface PaymentOptions {
  readonly arrows: Arrows
  readonly userId: string
  /** The key under which they order. */
  readonly key: string
  readonly secondOrderPort: number | undefined
}

/** The payment of one order on its way, seen from the links, where its answer can be held. */
export const watchPayment = ({ arrows, userId, key, secondOrderPort }: PaymentOptions) => {
  let asked = 0
  let portOfOrder: number | undefined
  /** Decides what becomes of the answer that waits in the link. */
  let release: ((fate: 'passes' | 'is lost') => void) | undefined

  // Withdrawals of a moment share a request, so the user may stand in its body.
  const isTheirs = ({ start, body }: Message) =>
    /^POST \/billing\/(?:accounts\/[^/]+\/withdraw|withdrawals) /.test(start) &&
    `${start}${body}`.includes(userId)

  const [toOrder, toBilling] = [arrows.get('gateway>order'), arrows.get('order>billing')]
  const endings = [
    toBilling.listen((message) => {
      if (isTheirs(message)) asked += 1
    }),
    toOrder.setTrap({
      isWanted: ({ start, headers }) =>
        start.startsWith('POST /orders ') && headers['idempotency-key'] === key,
      onRequest: (_, { callee }) => {
        portOfOrder = callee.remotePort
      },
    }),
  ]

  return {
    /** How often billing was asked for the money. */
    asked: () => asked,
    /** The process of order that works on it. */
    replica: (): 'order' | 'order-2' => (portOfOrder === secondOrderPort ? 'order-2' : 'order'),
    /** Billing's next answer waits in the link. */
    holdNext: () => {
      const onAnswer = () =>
        new Promise<'passes' | 'is lost'>((resolve) => {
          release = resolve
        })
      endings.push(toBilling.setTrap({ isWanted: isTheirs, onAnswer }))
    },
    isHeld: () => release !== undefined,
    pass: () => release?.('passes'),
    lose: () => release?.('is lost'),
    end: () => {
      for (const ending of endings) ending()
      release?.('passes')
    },
  }
}

export type Payment = ReturnType<typeof watchPayment>
