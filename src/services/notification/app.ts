import { answerEach } from '../../platform/http/answer-each.ts'
import type { Acts } from '../../platform/http/acts.ts'
import { serveActs } from '../../platform/http/serve-acts.ts'
import { serveSearch } from '../../platform/http/serve-search.ts'
import { createServiceApp } from '../../platform/http/app.ts'
import { ProblemError } from '../../platform/base/errors.ts'
import { viewerIn } from '../../platform/http/caller.ts'
import { defaultPageSize, toPage } from '../../platform/http/schemas.ts'
import type { Log } from '../../platform/base/telemetry.ts'
import { toIso } from '../../platform/base/time.ts'
import {
  contract,
  listActsRoute,
  searchNotificationRoute,
  listLettersRoute,
  sendLetterRoute,
  sendLettersRoute,
  type Letter,
  type NewLetter,
} from './contract.ts'
import { renderLetter } from './letters.ts'
import type { NotificationStore, StoredLetter } from './store.ts'

export interface NotificationAppDeps {
  readonly store: NotificationStore
  readonly acts: Acts
  readonly log: Log
}

type LetterFields = Omit<StoredLetter, 'replayed' | 'key'>

const toLetter = (row: LetterFields): Letter => ({
  id: row.id,
  userId: row.userId,
  email: row.email,
  kind: row.kind,
  orderId: row.orderId,
  bookingId: row.bookingId,
  amount: row.amount,
  subject: row.subject,
  body: row.body,
  createdAt: toIso(row.createdAt),
})

/** What a letter may be about. It is about one thing, and the rest of it is null. */
const aboutNothing = {
  orderId: null,
  bookingId: null,
  title: null,
  startsAt: null,
  timeZone: null,
  cancelledBy: null,
  reason: null,
}

const rowOf = (wanted: NewLetter) => {
  const { reason: because, ...row } = { ...aboutNothing, ...wanted }
  return { ...row, because }
}

const sameLetter = (stored: LetterFields, wanted: ReturnType<typeof rowOf>) =>
  stored.userId === wanted.userId &&
  stored.email === wanted.email &&
  stored.kind === wanted.kind &&
  stored.orderId === wanted.orderId &&
  stored.bookingId === wanted.bookingId &&
  stored.title === wanted.title &&
  (stored.startsAt === null ? null : toIso(stored.startsAt)) === wanted.startsAt &&
  stored.timeZone === wanted.timeZone &&
  stored.cancelledBy === wanted.cancelledBy &&
  stored.because === wanted.because &&
  stored.amount === wanted.amount

export const createNotificationApp = ({ store, acts, log }: NotificationAppDeps) => {
  const { app, find, handle } = createServiceApp(contract, { log, acts })
  serveActs(app, listActsRoute, acts)
  serveSearch(app, searchNotificationRoute, 'notification', store.search)

  const write = async (wanted: NewLetter) => {
    const row = rowOf(wanted)
    const stored = await store.insert({ ...row, ...renderLetter(wanted) })
    if (!sameLetter(stored, row)) {
      throw new ProblemError(
        'idempotency-key-reused',
        'This key names a letter with other content.',
      )
    }
    return { letter: toLetter(stored), replayed: stored.replayed }
  }

  app.openapi(sendLetterRoute, async (c) => {
    const { letter, replayed } = await write(c.req.valid('json'))
    return replayed ? c.json(letter, 200) : c.json(letter, 201)
  })

  app.openapi(sendLettersRoute, async (c) => {
    const { letters } = c.req.valid('json')
    const writeOne = async ({ letter: wanted }: (typeof letters)[number]) => {
      const { letter, replayed } = await write(wanted)
      return { status: replayed ? 200 : 201, body: letter }
    }
    return c.json({ answers: await answerEach(letters, writeOne, log) }, 200)
  })

  app.openapi(listLettersRoute, async (c) => {
    const { limit = defaultPageSize, ...query } = c.req.valid('query')
    const rows = await store.list({ ...query, viewer: viewerIn(c), limit })
    return c.json(
      toPage(rows, limit, (row) => row.id, toLetter),
      200,
    )
  })

  return { app, find, handle }
}
