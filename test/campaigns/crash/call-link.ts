import type { ServiceName } from '../../../src/registry.ts'
import { openLink, type Link } from '../../lab/link.ts'

/** The way of the calls from one service to another. */
export interface CallLink extends Link {
  readonly caller: ServiceName
  readonly callee: ServiceName
  /** As if nobody ran at the callee's address. */
  readonly setAway: (away: boolean) => void
  /** Ends every fault and every absence. */
  readonly reset: () => void
}

export interface CallLinkOptions {
  readonly caller: ServiceName
  readonly callee: ServiceName
  /** Where the callee listens at the moment. */
  readonly port: () => number
  /** Told of each request before it is passed on; may wait. */
  readonly onRequest: (name: string) => Promise<void>
}

/** Ids are different each time; the places of the code are not. */
const nameOf = (callee: ServiceName, firstLine: string) => {
  const [method, url = ''] = firstLine.split(' ')
  return `${method} ${callee}${url.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, '{id}').replace(/\?.*/, '')}`
}

export const openCallLink = async (options: CallLinkOptions): Promise<CallLink> => {
  const { caller, callee, port, onRequest } = options
  let isAway = false
  const setAway = (away: boolean) => {
    isAway = away
  }
  const link = await openLink({
    name: `${caller}→${callee}`,
    protocol: 'http',
    passes: 'messages',
    targets: () => (isAway ? [] : [port()]),
    watch: {
      hold: async ({ direction }, { messages: [request] }) => {
        if (direction === 'up' && request) await onRequest(nameOf(callee, request.start))
      },
    },
  })
  const reset = () => {
    setAway(false)
    link.endFaults()
  }
  return { ...link, caller, callee, setAway, reset }
}
