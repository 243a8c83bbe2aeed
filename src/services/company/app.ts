import { isDeepStrictEqual } from 'node:util'
import type { Acts } from '../../platform/http/acts.ts'
import { serveActs } from '../../platform/http/serve-acts.ts'
import { serveSearch } from '../../platform/http/serve-search.ts'
import { createServiceApp, requestIdIn, type ServiceApp } from '../../platform/http/app.ts'
import { personIn, sentKeyIn } from '../../platform/http/caller.ts'
import { defaultPageSize, replayedHeaders, toPage } from '../../platform/http/schemas.ts'
import type { Log } from '../../platform/base/telemetry.ts'
import { companyAsChanged, companyNow } from './answers.ts'
import { serveCategories } from './app-categories.ts'
import {
  changeCompanyRoute,
  contract,
  createCompanyRoute,
  getCompanyRoute,
  listActsRoute,
  searchCompanyRoute,
  listCompaniesRoute,
} from './contract.ts'
import { serveMembers, type MembersDeps } from './app-members.ts'
import { serveQuestions } from './questions.ts'
import { companyNotFound, keyReused, notAnAdmin } from './refusals.ts'
import type { CategoryStore } from './store-categories.ts'
import type { CompanyStore, InsertedCompany } from './store.ts'

interface CompaniesDeps extends Pick<MembersDeps, 'whoIs'> {
  readonly store: CompanyStore
}

export interface CompanyAppDeps extends CompaniesDeps, MembersDeps {
  readonly categories: CategoryStore
  readonly acts: Acts
  readonly log: Log
}

/** As Postgres keeps JSON: without a sign of zero, and whatever the order of the fields. */
const isSame = (stored: unknown, wanted: object) =>
  isDeepStrictEqual(stored, JSON.parse(JSON.stringify(wanted)))

type NewVersion = Parameters<CompanyStore['insert']>[0]
type WantedCompany = Omit<NewVersion, 'memberName' | 'email' | 'locale'>

/** Creates a company, or finds the one that an earlier request with the same key has created. */
const createCreate =
  ({ store, whoIs }: CompaniesDeps) =>
  async (wanted: WantedCompany): Promise<InsertedCompany> => {
    const { actor, idempotencyKey: key, requestId } = wanted
    // A repeat is answered also while user does not answer.
    const known = key === null ? undefined : await store.findByKey(actor, key)
    if (known !== undefined) return known
    const { name: memberName, email, locale } = await whoIs(actor, requestId)
    return store.insert({ ...wanted, memberName, email, locale })
  }

const serveCompanies = (app: ServiceApp, deps: CompaniesDeps) => {
  const { store } = deps
  const create = createCreate(deps)

  app.openapi(createCompanyRoute, async (c) => {
    const payload = c.req.valid('json')
    const { id: actor } = personIn(c)
    const idempotencyKey = sentKeyIn(c)
    const stored = await create({ actor, payload, idempotencyKey, requestId: requestIdIn(c) })
    if (!isSame(stored.payload, payload)) throw keyReused()
    const headers = { location: `/companies/${stored.companyId}` }
    return c.json(companyAsChanged(stored), 201, {
      ...headers,
      ...replayedHeaders(stored.replayed),
    })
  })

  app.openapi(listCompaniesRoute, async (c) => {
    const { mine, cursor, limit = defaultPageSize } = c.req.valid('query')
    const { id, isOperator: withInactive } = personIn(c)
    const memberId = mine === 'true' ? id : undefined
    const rows = await store.list({ memberId, withInactive, cursor, limit })
    return c.json(
      toPage(rows, limit, (row) => row.id, companyNow),
      200,
    )
  })

  app.openapi(getCompanyRoute, async (c) => {
    const { companyId } = c.req.valid('param')
    const company = await store.find(companyId)
    if (company === undefined) throw companyNotFound(companyId)
    return c.json(companyNow(company), 200)
  })

  app.openapi(changeCompanyRoute, async (c) => {
    const { companyId } = c.req.valid('param')
    const payload = c.req.valid('json')
    const { id: actor, isOperator } = personIn(c)
    const idempotencyKey = sentKeyIn(c)
    const requestId = requestIdIn(c)
    const wanted = { companyId, actor, isOperator, payload, idempotencyKey, requestId }
    const changed = await store.change(wanted)
    if (changed.outcome === 'missing') throw companyNotFound(companyId)
    if (changed.outcome === 'forbidden') throw notAnAdmin()
    if (!isSame(changed.payload, payload)) throw keyReused()
    return c.json(companyAsChanged(changed), 200, replayedHeaders(changed.outcome === 'known'))
  })
}

export const createCompanyApp = (deps: CompanyAppDeps) => {
  const { store, members, categories, acts, log } = deps
  const { app, find, handle } = createServiceApp(contract, { log, acts })
  serveCompanies(app, deps)
  serveMembers(app, deps)
  serveCategories(app, categories)
  serveQuestions(app, { members, categories, log })
  serveActs(app, listActsRoute, acts)
  serveSearch(app, searchCompanyRoute, 'company', store.search)
  return { app, find, handle }
}
