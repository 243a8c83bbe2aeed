import { Counter } from 'prom-client'
import type { Metrics } from '../../platform/base/telemetry.ts'
import { createDecisionCounter } from '../../platform/saga/saga-metrics.ts'
import { cancellers, refusalReasons, releaseReasons } from './states.ts'
import type { Changed } from './statements.ts'
import type { BookingStore } from './store.ts'

/** Counts holds that ended without a payment. Their bookings are decided when the money is settled. */
const createHoldCounter = ({ registry }: Metrics) => {
  const counter = new Counter({
    name: 'booking_holds_ended_total',
    help: 'Holds that ended before their booking was paid or refused, and why',
    labelNames: ['reason'],
    registers: [registry],
  })
  for (const reason of releaseReasons) counter.inc({ reason }, 0)
  return (reason: (typeof releaseReasons)[number]) => counter.inc({ reason })
}

const endings = [
  { state: 'PAID' },
  ...refusalReasons.map((reason) => ({ state: 'REFUSED', reason })),
  ...releaseReasons.map((reason) => ({ state: 'RELEASED', reason })),
  ...cancellers.map((reason) => ({ state: 'CANCELLED', reason })),
]

/** The same store. It counts what it decided, and the holds that ended. */
export const countDecisions = (store: BookingStore, metrics: Metrics): BookingStore => {
  const count = createDecisionCounter(metrics)('bookings', endings)
  const countHold = createHoldCounter(metrics)

  const countChange = ({ status: state, reason, cancelledBy }: Changed) => {
    if (state !== 'RELEASING') count({ state, reason: cancelledBy ?? reason })
    else countHold(reason === 'hold-over' ? reason : 'offer-withdrawn')
  }

  const counted = async (change: Promise<Changed>) => {
    const booking = await change
    if (booking.changed) countChange(booking)
    return booking
  }

  return {
    ...store,
    decideBooking: (decision) => counted(store.decideBooking(decision)),
    releaseBooking: (wanted) => counted(store.releaseBooking(wanted)),
    finishRefund: (refund) => counted(store.finishRefund(refund)),
    withdrawOffer: async (wanted) => {
      const offer = await store.withdrawOffer(wanted)
      if (offer.outcome === 'withdrawn' && offer.endedHold) countHold('offer-withdrawn')
      return offer
    },
  }
}
