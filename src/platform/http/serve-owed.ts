import { ProblemError, retrySoon } from '../base/errors.ts'
import type { Owed, OwedRow, RetryAnswer } from '../base/owed.ts'
import { toIso } from '../base/time.ts'
import { requestIdIn, type ServiceApp } from './app.ts'
import { personIn, sentKeyIn } from './caller.ts'
import type { OwedRoute, RetryRoute } from './owed-contract.ts'
import { defaultPageSize, replayedHeaders, toPage } from './schemas.ts'
import { toTimeline, type Timeline } from './timeline.ts'

type Item = OwedRow<Timeline[number]>

const toItem = (owed: Item) => {
  const timeline = toTimeline(owed.timeline)
  const last = timeline.at(-1)
  return {
    kind: owed.kind,
    id: owed.id,
    about: owed.about,
    userId: owed.userId,
    state: owed.state,
    createdAt: toIso(owed.createdAt),
    dueAt: toIso(owed.dueAt),
    attempts: owed.attempts,
    isAtWork: owed.isAtWork,
    lastStep: last?.step ?? null,
    lastReason: last?.reason ?? null,
    requestId: owed.requestId,
    timeline,
  }
}

const beforeAll = { at: new Date(0).toISOString(), id: '00000000-0000-0000-0000-000000000000' }

const afterCursor = (cursor: string | undefined) => {
  if (cursor === undefined) return beforeAll
  const [ms = '', id = ''] = cursor.split('_')
  return { at: new Date(Number(ms)).toISOString(), id }
}

const cannotRetry = (
  outcome: Exclude<RetryAnswer['outcome'], 'known' | 'noted'>,
  owedId: string,
) => {
  switch (outcome) {
    case 'missing':
      return new ProblemError('owed-not-found', `There is no ${owedId} that ever owed something.`)
    case 'nothing-owed':
      return new ProblemError('nothing-owed', 'It is finished: it owes nothing any more.')
    case 'at-work':
      return new ProblemError('work-in-progress', 'Somebody works on it now; look again.', {
        headers: retrySoon,
      })
  }
}

/** Answers the list of what is owed, and the wish to have a row tried at once. */
export const serveOwed = (
  app: ServiceApp,
  routes: { readonly list: OwedRoute; readonly retry: RetryRoute },
  owed: Owed<Timeline[number]>,
) => {
  app.openapi(routes.list, async (c) => {
    const { limit = defaultPageSize, cursor } = c.req.valid('query')
    const { items, isAll } = await owed.list({ after: afterCursor(cursor), limit })
    const cursorOf = ({ createdAt, id }: Item) => `${createdAt.getTime()}_${id}`
    return c.json({ ...toPage(items, limit, cursorOf, toItem), isAll }, 200)
  })

  app.openapi(routes.retry, async (c) => {
    const { owedId } = c.req.valid('param')
    const answer = await owed.retry({
      operator: personIn(c).id,
      owedId,
      idempotencyKey: sentKeyIn(c),
      requestId: requestIdIn(c),
    })
    if (answer.outcome !== 'known' && answer.outcome !== 'noted') {
      throw cannotRetry(answer.outcome, owedId)
    }
    if (answer.owedId !== owedId) {
      throw new ProblemError('idempotency-key-reused', 'This key retried something else before.')
    }
    const { id, at } = answer
    return c.json({ id, owedId, at: toIso(at) }, 200, replayedHeaders(answer.outcome === 'known'))
  })
}
