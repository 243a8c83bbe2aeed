import { channel } from 'node:diagnostics_channel'

/**
 * Every statement and every call between services announces itself before and
 * after. Nobody listens in normal running, and then it costs one check; the
 * crash tests listen, and so find each place where a process can die without a
 * list that somebody would have to keep.
 */
export interface Checkpoint {
  readonly kind: 'statement' | 'call'
  readonly name: string
  readonly phase: 'before' | 'after'
}

export const checkpointChannelName = 'orderly:checkpoint'

const checkpoints = channel(checkpointChannelName)

/** Runs `work` between its two checkpoints; a failure has no "after". */
export const betweenCheckpoints = <Result>(
  kind: Checkpoint['kind'],
  name: string,
  work: () => Promise<Result>,
): Promise<Result> => {
  if (!checkpoints.hasSubscribers) return work()
  checkpoints.publish({ kind, name, phase: 'before' })
  return work().then((result) => {
    checkpoints.publish({ kind, name, phase: 'after' })
    return result
  })
}
