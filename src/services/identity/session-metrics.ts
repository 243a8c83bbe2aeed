import { Counter } from 'prom-client'
import type { Metrics } from '../../platform/base/telemetry.ts'
import type { IdentityStore } from './store.ts'

/** `script`: sessions of `POST /sessions`. `page`: those that began on a page of the issuer. */
type Kind = 'script' | 'page'

const endings = {
  script: ['signed-out', 'token-reused'],
  /** Signed out, withdrawn or used twice: oidc-provider does not say which. */
  page: ['revoked'],
} as const satisfies Record<Kind, readonly string[]>

/** Counters of sessions. Those that a command ends, or that are too old, end without being counted. */
export const createSessionMetrics = ({ registry }: Metrics) => {
  const registers = [registry]
  const labelNames = ['kind'] as const
  const opened = new Counter({
    name: 'sessions_opened_total',
    help: 'Sessions that began with a sign-in',
    labelNames,
    registers,
  })
  const refreshed = new Counter({
    name: 'sessions_refreshed_total',
    help: 'Refresh tokens that were changed for new tokens',
    labelNames,
    registers,
  })
  const ended = new Counter({
    name: 'sessions_ended_total',
    help: 'Sessions that were ended before their time',
    labelNames: ['kind', 'ending'],
    registers,
  })
  for (const kind of ['script', 'page'] as const) {
    opened.inc({ kind }, 0)
    refreshed.inc({ kind }, 0)
    for (const ending of endings[kind]) ended.inc({ kind, ending }, 0)
  }
  return {
    opened: (kind: Kind) => opened.inc({ kind }),
    refreshed: (kind: Kind) => refreshed.inc({ kind }),
    ended: <Of extends Kind>(kind: Of, ending: (typeof endings)[Of][number]) =>
      ended.inc({ kind, ending }),
  }
}

export type SessionMetrics = ReturnType<typeof createSessionMetrics>

type SessionStore = Pick<IdentityStore, 'openSession' | 'refreshSession' | 'endSession'>

/** The same store. It counts what became of the sessions of scripts. */
export const countSessions = (store: SessionStore, metrics: SessionMetrics): SessionStore => ({
  openSession: async (session) => {
    const opened = await store.openSession(session)
    metrics.opened('script')
    return opened
  },
  refreshSession: async (wanted) => {
    const found = await store.refreshSession(wanted)
    if (found.reused) metrics.ended('script', 'token-reused')
    else if (found.id !== null) metrics.refreshed('script')
    return found
  },
  endSession: async (wanted) => {
    const found = await store.endSession(wanted)
    if (found.ended) metrics.ended('script', 'signed-out')
    return found
  },
})
