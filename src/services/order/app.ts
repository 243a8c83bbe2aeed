import type { Acts } from '../../platform/http/acts.ts'
import { serveActs } from '../../platform/http/serve-acts.ts'
import { serveSearch } from '../../platform/http/serve-search.ts'
import { serveOwed } from '../../platform/http/serve-owed.ts'
import { createServiceApp, requestIdIn, type ServiceApp } from '../../platform/http/app.ts'
import { ProblemError, retrySoon } from '../../platform/base/errors.ts'
import { scopedKey } from '../../platform/base/idempotency-keys.ts'
import { keyIn, personIn, requireReach, sentKeyIn, viewerIn } from '../../platform/http/caller.ts'
import { advanceOrLeave } from '../../platform/saga/saga.ts'
import {
  defaultPageSize,
  maxPageSize,
  replayedHeaders,
  toPage,
} from '../../platform/http/schemas.ts'
import type { Log } from '../../platform/base/telemetry.ts'
import {
  changesPage,
  orderAsChanged,
  orderAsPlaced,
  orderDetails,
  orderNow,
  refusal,
  type OpenChange,
} from './answers.ts'
import {
  cancelOrderRoute,
  contract,
  getOrderRoute,
  listActsRoute,
  searchOrderRoute,
  listChangesRoute,
  listOrdersRoute,
  listOwedRoute,
  placeOrderRoute,
  repriceOrderRoute,
  retryOwedRoute,
} from './contract.ts'
import type { NewChange, OpenedChange, OrderStore } from './store.ts'
import type { OrderWorkflow } from './workflow.ts'

export interface OrderAppDeps {
  readonly store: OrderStore
  readonly workflow: OrderWorkflow
  readonly acts: Acts
  readonly log: Log
}

/** Also for another user: nobody learns from an order who is a user here. */
const noSuchUser = () =>
  new ProblemError('user-not-found', 'There is no such user; nothing was kept.')

const orderNotFound = (orderId: string) =>
  new ProblemError('order-not-found', `There is no order ${orderId}.`)

const keyReused = () =>
  new ProblemError('idempotency-key-reused', 'This key was used for something else before.')

/** Returns why a change could not be opened. Nothing was done, and nothing is stored. */
const cannotChange = (
  outcome: Exclude<OpenedChange['outcome'], 'opened' | 'known'>,
  orderId: string,
) => {
  switch (outcome) {
    case 'missing':
      return orderNotFound(orderId)
    case 'undecided':
      return new ProblemError('order-undecided', 'Billing has not answered yet; try again.', {
        headers: retrySoon,
      })
    case 'busy':
      return new ProblemError('change-in-progress', 'One change at a time; try again.', {
        headers: retrySoon,
      })
    case 'final':
      return new ProblemError('order-not-approved', 'The order is rejected or cancelled.')
  }
}

const isOpen = (change: OpenedChange): change is OpenChange =>
  change.outcome === 'opened' || change.outcome === 'known'

/** Opens a change or finds it by its key, advances it as far as possible, and returns the result. */
const createChange =
  ({ store, workflow, log }: OrderAppDeps) =>
  async (wanted: NewChange) => {
    const opened = await store.openChange(wanted)
    if (!isOpen(opened)) throw cannotChange(opened.outcome, wanted.orderId)
    if (opened.kind !== wanted.kind || opened.toPrice !== wanted.toPrice) throw keyReused()
    const done =
      opened.status === 'PENDING'
        ? await advanceOrLeave(opened, workflow.advanceChange, log)
        : opened
    const replayed = replayedHeaders(opened.outcome === 'known')
    const order = orderAsChanged(opened, done)
    if (done.status === 'REFUSED') {
      throw refusal({ reason: done.reason, order, requestId: done.requestId, headers: replayed })
    }
    const pending = done.status === 'PENDING'
    const location = `/orders/${wanted.orderId}`
    return { order, pending, headers: pending ? { ...replayed, ...retrySoon, location } : replayed }
  }

const serveChanges = (app: ServiceApp, change: ReturnType<typeof createChange>) => {
  app.openapi(repriceOrderRoute, async (c) => {
    const { id: actor, isOperator } = personIn(c)
    const key = sentKeyIn(c)
    const { order, headers, pending } = await change({
      orderId: c.req.valid('param').orderId,
      kind: 'REPRICE',
      toPrice: c.req.valid('json').price,
      actor,
      isOperator,
      idempotencyKey: key,
      // Whose order it is, only the statement finds out: it takes the key that fits.
      actingKey: key === null ? null : scopedKey(actor, key),
      requestId: requestIdIn(c),
    })
    return pending ? c.json(order, 202, headers) : c.json(order, 200, headers)
  })

  app.openapi(cancelOrderRoute, async (c) => {
    const { id: actor, isOperator } = personIn(c)
    const { order, headers, pending } = await change({
      orderId: c.req.valid('param').orderId,
      kind: 'CANCEL',
      toPrice: null,
      actor,
      isOperator,
      idempotencyKey: null,
      actingKey: null,
      requestId: requestIdIn(c),
    })
    return pending ? c.json(order, 202, headers) : c.json(order, 200, headers)
  })
}

export const createOrderApp = (deps: OrderAppDeps) => {
  const { store, workflow, acts, log } = deps
  const { app, find, handle } = createServiceApp(contract, { log, acts })
  serveChanges(app, createChange(deps))
  serveActs(app, listActsRoute, acts)
  serveSearch(app, searchOrderRoute, 'order', store.search)
  serveOwed(app, { list: listOwedRoute, retry: retryOwedRoute }, store.owed)

  app.openapi(placeOrderRoute, async (c) => {
    const { userId = personIn(c).id, price, description = null } = c.req.valid('json')
    requireReach(c, userId, noSuchUser)
    const idempotencyKey = keyIn(c, userId)
    const requestId = requestIdIn(c)
    const wanted = { userId, price, description, idempotencyKey, requestId }
    const stored = await store.insertOrder(wanted)
    if (stored.price !== price || stored.description !== description) throw keyReused()
    // A repeat advances an undecided order, too. Both requests use the same keys for their calls.
    const order =
      stored.status === 'PENDING'
        ? await advanceOrLeave(stored, workflow.advanceOrder, log)
        : stored
    if (order === undefined) throw noSuchUser()
    const headers = { location: `/orders/${order.id}`, ...replayedHeaders(stored.replayed) }
    const shown = orderAsPlaced(order)
    if (order.decision === null) return c.json(shown, 202, { ...headers, ...retrySoon })
    if (order.decision === 'APPROVED') return c.json(shown, 201, headers)
    throw refusal({ reason: order.reason, order: shown, requestId: order.requestId, headers })
  })

  app.openapi(getOrderRoute, async (c) => {
    const { orderId } = c.req.valid('param')
    const found = await store.findOrder(orderId, { viewer: viewerIn(c), limit: maxPageSize })
    if (found === undefined) throw orderNotFound(orderId)
    return c.json(orderDetails(found.order, changesPage(found.changes, maxPageSize)), 200)
  })

  app.openapi(listChangesRoute, async (c) => {
    const { orderId } = c.req.valid('param')
    const { cursor, limit = defaultPageSize } = c.req.valid('query')
    const found = await store.findOrder(orderId, { viewer: viewerIn(c), limit, cursor })
    if (found === undefined) throw orderNotFound(orderId)
    return c.json(changesPage(found.changes, limit), 200)
  })

  app.openapi(listOrdersRoute, async (c) => {
    const { limit = defaultPageSize, ...query } = c.req.valid('query')
    const rows = await store.listOrders({ ...query, viewer: viewerIn(c), limit })
    return c.json(
      toPage(rows, limit, (row) => row.id, orderNow),
      200,
    )
  })

  return { app, find, handle }
}
