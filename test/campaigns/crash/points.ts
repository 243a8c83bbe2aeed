import type { Checkpoint } from '../../../src/platform/base/checkpoints.ts'
import type { ServiceName } from '../../../src/registry.ts'

/** A place in the code where a process can die, as the platform's wrappers see it. */
export type Place = Checkpoint & { readonly service: ServiceName }

/**
 * One visit of a place in one scenario: the `nth` since the `epoch` began. An
 * epoch is a step of the scenario, and within a step that has an outage also
 * the time without the callee and the recovery after it.
 */
export interface Point extends Place {
  readonly epoch: string
  readonly nth: number
}

export const placeName = ({ service, kind, name, phase }: Place) =>
  `${phase} ${service}'s ${kind} "${name}"`

export const pointName = (point: Point) => {
  const again = point.nth > 1 ? ` (time ${point.nth})` : ''
  return `${point.epoch}: ${placeName(point)}${again}`
}

/** Recovery looks for due rows all the time. It is a point only if it finds some. */
export const isClaim = ({ kind, name }: Checkpoint) =>
  kind === 'statement' && name.startsWith('claim ')

export const claimedTable = (name: string) => name.slice('claim '.length)

/** Returns the callee of a call, whose name is "POST billing/billing/accounts". */
export const calleeOf = (name: string) => name.split(/[ /]/)[1] as ServiceName
