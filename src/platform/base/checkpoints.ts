import { channel } from 'node:diagnostics_channel'

/**
 * Every statement and every call between services publishes a checkpoint before and after it. The
 * crash tests subscribe, and so find each place where a process can die; nobody has to keep a
 * list. Without a subscriber a checkpoint costs one check.
 */
export interface Checkpoint {
  readonly kind: 'statement' | 'call'
  readonly name: string
  readonly phase: 'before' | 'after'
}

export const checkpointChannelName = 'orderly:checkpoint'

const checkpoints = channel(checkpointChannelName)

/** Runs `work` between its two checkpoints. Work that fails has no "after". */
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
