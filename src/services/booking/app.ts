import { ProblemError, retrySoon } from '../../platform/base/errors.ts'
import type { Log } from '../../platform/base/telemetry.ts'
import type { Acts } from '../../platform/http/acts.ts'
import { createServiceApp, requestIdIn, type ServiceApp } from '../../platform/http/app.ts'
import { personIn, sentKeyIn, viewerIn } from '../../platform/http/caller.ts'
import { defaultPageSize, replayedHeaders, toPage } from '../../platform/http/schemas.ts'
import { serveActs } from '../../platform/http/serve-acts.ts'
import { serveSearch } from '../../platform/http/serve-search.ts'
import { serveOwed } from '../../platform/http/serve-owed.ts'
import { advanceOrLeave } from '../../platform/saga/saga.ts'
import { bookingAsBooked, bookingDetails, bookingNow, refusal } from './answers.ts'
import {
  bookOfferRoute,
  cancelBookingRoute,
  completeBookingRoute,
  contract,
  getBookingRoute,
  getOffersBookingRoute,
  listActsRoute,
  searchBookingRoute,
  listBookingsRoute,
  listOwedRoute,
  retryOwedRoute,
  withdrawOfferRoute,
} from './contract.ts'
import type { Managers } from './managers.ts'
import { toOffer } from './answers-offers.ts'
import { serveOffers, type OffersAppDeps } from './app-offers.ts'
import { owingStatuses } from './states.ts'
import type { CancelledBooking, CompletedBooking, ReservedOffer } from './statements.ts'
import type { BookingWithLetters } from './store-reads.ts'
import type { BookingStore } from './store.ts'
import type { BookingWorkflow } from './workflow.ts'

export interface BookingAppDeps extends OffersAppDeps {
  readonly store: BookingStore
  readonly workflow: BookingWorkflow
  readonly managers: Managers
  readonly acts: Acts
  readonly log: Log
}

const bookingNotFound = (bookingId: string) =>
  new ProblemError('booking-not-found', `There is no booking ${bookingId}.`)

const offerNotFound = (offerId: string) =>
  new ProblemError('offer-not-found', `There is no offer ${offerId}.`)

const undecided = () =>
  new ProblemError('booking-undecided', 'Billing has not answered yet; try again.', {
    headers: retrySoon,
  })

const notPaid = () =>
  new ProblemError('booking-not-paid', 'The booking was refused, released, cancelled or completed.')

type BookingRow = Parameters<BookingWorkflow['advanceBooking']>[0]

/** What a statement says when it has no row to show. */
type Without<Answer extends { readonly outcome: string }> = Exclude<Answer, BookingRow>['outcome']

/** Why an offer could not be booked. Nothing is kept, so a repeat asks again. */
const cannotBook = (outcome: Without<ReservedOffer>, offerId: string) => {
  switch (outcome) {
    case 'missing':
      return offerNotFound(offerId)
    case 'taken':
      return new ProblemError('offer-taken', 'Somebody else has it; nothing was taken.')
    case 'closed':
      return new ProblemError('offer-closed', 'It has begun, is over or withdrawn.')
  }
}

const cannotCancel = (outcome: Without<CancelledBooking>, bookingId: string) => {
  switch (outcome) {
    case 'missing':
      return bookingNotFound(bookingId)
    case 'undecided':
      return undecided()
    case 'final':
      return notPaid()
    case 'too-late':
      return new ProblemError('too-late-to-cancel', 'It begins too soon to be cancelled.')
  }
}

const cannotComplete = (outcome: Without<CompletedBooking>) => {
  switch (outcome) {
    case 'undecided':
      return undecided()
    case 'final':
      return notPaid()
    case 'not-over':
      return new ProblemError('booking-not-over', 'Its time is not over yet.')
  }
}

const cannotWithdraw = (outcome: 'missing' | 'final', offerId: string) =>
  outcome === 'missing'
    ? offerNotFound(offerId)
    : new ProblemError('offer-closed', 'What took place cannot be withdrawn.')

const owing: readonly string[] = owingStatuses

const isOwing = ({ status }: Pick<BookingRow, 'status'>) => owing.includes(status)

/** Takes an undecided booking as far as it gets: a repeat does so, too, with the same keys. */
const createAdvance =
  ({ workflow, log }: BookingAppDeps) =>
  async (row: BookingRow): Promise<BookingRow> =>
    isOwing(row) ? advanceOrLeave(row, workflow.advanceBooking, log) : row

type Advance = ReturnType<typeof createAdvance>

const serveBookings = (app: ServiceApp, { store }: BookingAppDeps, advance: Advance) => {
  app.openapi(bookOfferRoute, async (c) => {
    const { offerId } = c.req.valid('json')
    const { id: userId } = personIn(c)
    const idempotencyKey = sentKeyIn(c)
    const requestId = requestIdIn(c)
    const stored = await store.reserveOffer({ offerId, userId, idempotencyKey, requestId })
    if (stored.outcome !== 'reserved' && stored.outcome !== 'known') {
      throw cannotBook(stored.outcome, offerId)
    }
    if (stored.offerId !== offerId) {
      throw new ProblemError('idempotency-key-reused', 'This key booked another offer before.')
    }
    const row = await advance(stored)
    const headers = {
      location: `/bookings/${row.id}`,
      ...replayedHeaders(stored.outcome === 'known'),
    }
    if (row.decision === null) {
      return c.json(bookingAsBooked(row), 202, { ...headers, ...retrySoon })
    }
    if (row.decision === 'PAID') return c.json(bookingAsBooked(row), 201, headers)
    throw refusal(row, headers)
  })

  app.openapi(getBookingRoute, async (c) => {
    const { bookingId } = c.req.valid('param')
    const found = await store.findBooking(bookingId, viewerIn(c))
    if (found === undefined) throw bookingNotFound(bookingId)
    return c.json(bookingDetails(found), 200)
  })

  app.openapi(listBookingsRoute, async (c) => {
    const { limit = defaultPageSize, ...query } = c.req.valid('query')
    const rows = await store.listBookings({ ...query, viewer: viewerIn(c), limit })
    return c.json(
      toPage(rows, limit, ({ id }) => id, bookingNow),
      200,
    )
  })

  app.openapi(cancelBookingRoute, async (c) => {
    const { bookingId } = c.req.valid('param')
    const { reason = null } = c.req.valid('query')
    const { id: actor, isOperator } = personIn(c)
    const cancelled = await store.cancelBooking({ id: bookingId, actor, isOperator, reason })
    if (cancelled.outcome !== 'cancelled' && cancelled.outcome !== 'known') {
      throw cannotCancel(cancelled.outcome, bookingId)
    }
    const row = await advance(cancelled)
    const headers = replayedHeaders(cancelled.outcome === 'known')
    if (!isOwing(row)) return c.json(bookingNow(row), 200, headers)
    const location = `/bookings/${bookingId}`
    return c.json(bookingNow(row), 202, { ...headers, ...retrySoon, location })
  })
}

/** What those who manage a company do with its offers and bookings. */
const serveManagers = (
  app: ServiceApp,
  { store, offers, managers }: BookingAppDeps,
  advance: Advance,
) => {
  /**
   * For who does not manage its company there is no such booking. Company is asked in any case, so
   * that the time of the answer does not tell whether there is one.
   */
  const requireManager = async (
    c: Parameters<typeof personIn>[0] & Parameters<typeof requestIdIn>[0],
    found: BookingWithLetters | undefined,
    id: string,
  ): Promise<BookingWithLetters> => {
    const companyId = found?.booking.companyId ?? id
    const acting = { person: personIn(c), companyId, requestId: requestIdIn(c) }
    const isManager = await managers.isManager(acting)
    if (found === undefined || !isManager) throw bookingNotFound(id)
    return found
  }

  app.openapi(completeBookingRoute, async (c) => {
    const { bookingId } = c.req.valid('param')
    await requireManager(c, await store.findBooking(bookingId, null), bookingId)
    const completed = await store.completeBooking({ id: bookingId })
    if (completed.outcome !== 'completed' && completed.outcome !== 'known') {
      throw cannotComplete(completed.outcome)
    }
    return c.json(bookingNow(completed), 200, replayedHeaders(completed.outcome === 'known'))
  })

  app.openapi(getOffersBookingRoute, async (c) => {
    const { offerId } = c.req.valid('param')
    const found = await requireManager(c, await store.findOffersBooking(offerId), offerId)
    return c.json(bookingDetails(found), 200)
  })

  app.openapi(withdrawOfferRoute, async (c) => {
    const { offerId: id } = c.req.valid('param')
    const { reason = null } = c.req.valid('query')
    const person = personIn(c)
    const offer = await offers.find(id)
    if (offer === undefined) throw offerNotFound(id)
    const acting = { person, companyId: offer.companyId, requestId: requestIdIn(c) }
    if (!(await managers.isManager(acting))) {
      throw new ProblemError('forbidden', 'Only those who manage the company may withdraw it.')
    }
    const cancelledBy = person.isOperator ? 'OPERATOR' : 'COMPANY'
    const withdrawn = await store.withdrawOffer({ id, cancelledBy, reason })
    if (withdrawn.outcome !== 'withdrawn' && withdrawn.outcome !== 'known') {
      throw cannotWithdraw(withdrawn.outcome, id)
    }
    const held = await store.findOffersBooking(id)
    const booking = held && (await advance(held.booking))
    const headers = replayedHeaders(withdrawn.outcome === 'known')
    if (booking === undefined || !isOwing(booking)) {
      return c.json(toOffer(withdrawn), 200, headers)
    }
    return c.json(toOffer(withdrawn), 202, { ...headers, ...retrySoon, location: `/offers/${id}` })
  })
}

export const createBookingApp = (deps: BookingAppDeps) => {
  const { acts, log } = deps
  const { app, find, handle } = createServiceApp(contract, { log, acts })
  const advance = createAdvance(deps)
  serveOffers(app, deps)
  serveBookings(app, deps, advance)
  serveManagers(app, deps, advance)
  serveActs(app, listActsRoute, acts)
  serveSearch(app, searchBookingRoute, 'booking', deps.store.search)
  serveOwed(app, { list: listOwedRoute, retry: retryOwedRoute }, deps.store.owed)
  return { app, find, handle }
}
