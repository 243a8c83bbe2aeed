import type { Fault } from './faults.ts'
import { placeName, type Place, type Point } from './points.ts'
import type { Variant } from './variants.ts'

/** A fault, and where it strikes. */
export interface Strike {
  readonly fault: Fault
  /** The first fault strikes at exactly this visit, a second one at the next visit of its place. */
  readonly at: Point | Place
}

/** What happens to one step of the scenario: perhaps an outage, and up to two faults. */
export interface Incident {
  readonly variant: Variant
  readonly strikes: readonly Strike[]
}

/** The result of an incident. */
export interface Outcome {
  /** How many of its faults really struck. */
  readonly struck: number
  /** The visits after the first fault, in order. */
  readonly pointsAfterFault: readonly Point[]
}

/** Returns the step of the scenario that a visit belongs to. */
export const stepOf = ({ variant, at }: { readonly variant: Variant; readonly at: Point }) =>
  variant.outage?.step ?? at.epoch

/** Incidents of different steps may share a run. */
export const stepOfIncident = ({ variant, strikes: [first] }: Incident): string =>
  first && 'epoch' in first.at ? stepOf({ variant, at: first.at }) : (variant.outage?.step ?? '')

const isAt = (wanted: Point | Place, point: Point) =>
  placeName(wanted) === placeName(point) &&
  (!('nth' in wanted) || (wanted.epoch === point.epoch && wanted.nth === point.nth))

const isBegun = ({ begunAt }: { readonly begunAt: number }) => begunAt < Infinity

/** Follows the incidents of a run: which fault is next at a point, and how each one ended. */
export const followIncidents = (incidents: readonly Incident[]) => {
  const followed = incidents.map((incident) => ({
    step: stepOfIncident(incident),
    pending: [...incident.strikes],
    /** After a single fault, or with no fault, every visit may lead to another run. */
    leadsOn: incident.strikes.length < 2,
    struck: new Set<Strike>(),
    /** How many visits there were before its first strike. */
    begunAt: Infinity,
  }))
  return {
    /** Returns the fault that must strike at this point, if there is one, and only once. */
    due: (point: Point, pointsBefore: number) => {
      const one = followed.find(({ pending: [next] }) => next && isAt(next.at, point))
      const strike = one?.pending.shift()
      if (!one || !strike) return undefined
      one.begunAt = Math.min(one.begunAt, pointsBefore)
      return { strike, struck: () => void one.struck.add(strike) }
    },
    isAnyBegun: () => followed.some(isBegun),
    /** Whether a visit matters: the next fault strikes there, or a second fault could. */
    isLookingFor: (place: Place) =>
      followed.some(
        ({ pending: [next], leadsOn }) =>
          leadsOn || (next !== undefined && placeName(next.at) === placeName(place)),
      ),
    /** One incident has begun, and either this step has another one or it waits for its second place. */
    needsCalm: (step: string) =>
      followed.length > 1 &&
      followed.some(isBegun) &&
      followed.some((one) => one.step === step || (isBegun(one) && one.pending.length > 0)),
    /** A fault of one step must not disturb the next step. */
    forgetBegun: () => {
      for (const one of followed) if (isBegun(one)) one.pending.length = 0
    },
    outcomes: (points: readonly Point[]): Outcome[] =>
      followed.map(({ struck, begunAt }) => ({
        struck: struck.size,
        pointsAfterFault: points.slice(begunAt),
      })),
  }
}
