/** @import { Traffic } from './types.ts' */

/**
 * The numbers of a small plot: what passed in the last minutes, as heights of bars and points of a
 * line. Seconds in which nothing passed are left out by the gateway, and are empty here.
 *
 * @typedef {{ requests: number, errors: number, p99Ms: number | undefined }} Slot
 */
const windowMs = 15 * 60_000

/**
 * @param {readonly Traffic[]} traffic
 * @param {number} endMs
 * @param {number} slots how many bars there are
 * @returns {Slot[]}
 */
export const slotsOf = (traffic, endMs, slots) => {
  const slotMs = windowMs / slots
  /** @type {Slot[]} */
  const filled = Array.from({ length: slots }, () => ({
    requests: 0,
    errors: 0,
    p99Ms: undefined,
  }))
  for (const { at, requests, errors, p99Ms } of traffic) {
    const index = slots - 1 - Math.floor((endMs - Date.parse(at)) / slotMs)
    const slot = filled[Math.min(index, slots - 1)]
    if (index < 0 || slot === undefined) continue
    slot.requests += requests
    slot.errors += errors
    slot.p99Ms = Math.max(slot.p99Ms ?? 0, p99Ms)
  }
  return filled
}

/** Traffic is counted in slices of so long. */
const sliceMs = 10_000

/** The median of slices, each as often as it had requests. @param {readonly Traffic[]} traffic */
const medianOf = (traffic) => {
  const sorted = traffic.toSorted((one, other) => one.p50Ms - other.p50Ms)
  const half = sorted.reduce((before, { requests }) => before + requests, 0) / 2
  let passed = 0
  return sorted.find(({ requests }) => (passed += requests) >= half)?.p50Ms ?? 0
}

/**
 * What the last minute was like, as far as its slices are in it as a whole.
 * @param {readonly Traffic[]} traffic
 * @param {number} endMs
 */
export const lastMinute = (traffic, endMs) => {
  const firstMs = Math.ceil((endMs - 60_000) / sliceMs) * sliceMs
  const recent = traffic.filter(({ at }) => Date.parse(at) >= firstMs)
  const sum = (/** @type {'requests' | 'errors'} */ name) =>
    recent.reduce((before, bucket) => before + bucket[name], 0)
  return {
    perSecond: sum('requests') / ((endMs - firstMs) / 1_000),
    errors: sum('errors'),
    p50Ms: medianOf(recent),
    p99Ms: Math.max(0, ...recent.map(({ p99Ms }) => p99Ms)),
  }
}
