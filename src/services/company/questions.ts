import { answerEach } from '../../platform/http/answer-each.ts'
import type { ServiceApp } from '../../platform/http/app.ts'
import { ProblemError } from '../../platform/base/errors.ts'
import type { Log } from '../../platform/base/telemetry.ts'
import { findManagersRoute, getStandingRoute } from './contract.ts'
import { companyNotFound } from './refusals.ts'
import type { CategoryStore } from './store-categories.ts'
import type { MemberStore } from './store-members.ts'

export interface QuestionsDeps {
  readonly members: MemberStore
  readonly categories: CategoryStore
  readonly log: Log
}

const tooEarly = () =>
  new ProblemError('too-early', 'Who is a member at that moment may still change; ask again.')

/** What other services ask. */
export const serveQuestions = (app: ServiceApp, { members, categories, log }: QuestionsDeps) => {
  app.openapi(getStandingRoute, async (c) => {
    const { companyId } = c.req.valid('param')
    const { userId, categoryId } = c.req.valid('query')
    const [found, path] = await Promise.all([
      members.findRole(companyId, userId),
      categoryId === undefined ? undefined : categories.findPath(categoryId),
    ])
    if (found === undefined) throw companyNotFound(companyId)
    const category =
      categoryId === undefined || path === undefined ? null : { id: categoryId, path }
    return c.json({ companyId, active: found.active, role: found.role, category }, 200)
  })

  app.openapi(findManagersRoute, async (c) => {
    const { questions } = c.req.valid('json')
    const answer = async ({ companyId, at }: (typeof questions)[number]) => {
      const found = await members.findManagers({ companyId, at })
      switch (found.outcome) {
        case 'told':
          return { status: 200, body: { companyId, at, managers: [...found.managers] } }
        case 'missing':
          throw companyNotFound(companyId)
        case 'early':
          throw tooEarly()
      }
    }
    return c.json({ answers: await answerEach(questions, answer, log) }, 200)
  })
}
