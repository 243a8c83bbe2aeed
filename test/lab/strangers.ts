import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { checkpointChannelName, type Checkpoint } from '../../src/platform/base/checkpoints.ts'
import type { ApiResponse } from './http.ts'

/**
 * What a stranger could learn from an answer about something that is not theirs: it must be what
 * they learn about something that is not there.
 */
export interface Learnt {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly text: string
  /** What the services of this process asked their databases for meanwhile. */
  readonly statements: readonly string[]
}

/** They differ between any two answers, and tell nothing. */
const headersOfTheMoment = new Set(['date', 'x-request-id'])

/** Recovery looks for work all the time, whoever asks what. */
const isOfRecovery = (name: string) => name.startsWith('claim ')

/** Runs one request, about the thing with this id. It must be the only one in this process. */
export const learn = async (
  id: string,
  ask: (id: string) => Promise<ApiResponse>,
): Promise<Learnt> => {
  const statements: string[] = []
  const note = (message: unknown) => {
    const { kind, name, phase } = message as Checkpoint
    if (kind === 'statement' && phase === 'before' && !isOfRecovery(name)) statements.push(name)
  }
  subscribe(checkpointChannelName, note)
  try {
    const { status, headers, text, body } = await ask(id)
    const shown = Object.entries(headers).filter(([name]) => !headersOfTheMoment.has(name))
    const requestId = String((body as { readonly requestId?: unknown } | undefined)?.requestId)
    return {
      status,
      headers: Object.fromEntries(shown),
      text: text.replaceAll(id, 'ID').replaceAll(requestId, 'REQUEST'),
      statements,
    }
  } finally {
    unsubscribe(checkpointChannelName, note)
  }
}
