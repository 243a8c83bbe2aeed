import type { CompanyClient } from '../../clients/company.ts'
import { ProblemError } from '../../platform/base/errors.ts'
import { requestIdIn, type ServiceApp } from '../../platform/http/app.ts'
import { personIn, sentKeyIn } from '../../platform/http/caller.ts'
import { replayedHeaders } from '../../platform/http/schemas.ts'
import type { Person } from '../../platform/base/caller.ts'
import { standingUnknown } from './managers.ts'
import { offerAsCreated, toOffer } from './answers-offers.ts'
import { createOfferRoute, getOfferRoute, searchOffersRoute } from './contract-offers.ts'
import type { KeptOffer, NewOffer, OfferStore, StoredOffer } from './store-offers.ts'
import { searchFor, toBeFoundBy, toSearchPage } from './offer-search.ts'

export interface OffersAppDeps {
  readonly offers: OfferStore
  readonly companies: Pick<CompanyClient, 'standing'>
  /** How long a request may wait for company. */
  readonly budgetMs: number
}

/** What is offered, without what company must be asked for. */
type WantedOffer = Omit<NewOffer, 'terms' | 'marks'>

const isSame = (row: KeptOffer, wanted: WantedOffer) =>
  row.companyId === wanted.companyId &&
  row.categoryId === wanted.categoryId &&
  row.title === wanted.title &&
  row.description === wanted.description &&
  row.price === wanted.price &&
  row.startsAt.getTime() === Date.parse(wanted.startsAt) &&
  row.endsAt.getTime() === Date.parse(wanted.endsAt) &&
  row.timeZone === wanted.timeZone &&
  row.resource === wanted.resource &&
  row.lat === (wanted.location?.lat ?? null) &&
  row.lng === (wanted.location?.lng ?? null)

/** Returns the path to the category of the offer, when company says that this person may offer it. */
const categoryPathFor = async (
  { companies, budgetMs }: OffersAppDeps,
  { companyId, categoryId, requestId }: WantedOffer,
  person: Person,
): Promise<readonly string[]> => {
  const asked = { companyId, categoryId, userId: person.id, requestId, timeoutMs: budgetMs }
  const standing = await companies.standing(asked)
  if (standing.outcome === 'unknown') throw standingUnknown()
  if (standing.outcome === 'refused') {
    throw new ProblemError(standing.code, `There is no company ${companyId}.`)
  }
  if (standing.role === null && !person.isOperator) {
    throw new ProblemError('forbidden', 'Only those who manage the company may offer something.')
  }
  if (!standing.active) {
    throw new ProblemError('company-inactive', 'The company is not active: it can offer nothing.')
  }
  if (standing.categoryPath === null) {
    throw new ProblemError('category-not-found', `There is no category ${categoryId}.`)
  }
  return standing.categoryPath
}

/** Returns why an offer was not stored. */
const cannotOffer = (outcome: 'taken' | 'begun', resource: string | null) => {
  switch (outcome) {
    case 'taken':
      return new ProblemError(
        'resource-taken',
        `${resource} is offered at that time already; nothing was kept.`,
      )
    case 'begun':
      return new ProblemError('validation-failed', 'Check these: startsAt.', {
        errors: [{ field: 'startsAt', message: 'must be in the future' }],
      })
  }
}

const isKept = (stored: StoredOffer): stored is KeptOffer =>
  stored.outcome === 'created' || stored.outcome === 'known'

/** Stores an offer, or finds it by its key: a repeat needs no answer of company. */
const createOffer = (deps: OffersAppDeps) => async (wanted: WantedOffer, person: Person) => {
  const { idempotencyKey: key, createdBy } = wanted
  const known = key === null ? undefined : await deps.offers.findByKey(createdBy, key)
  const stored =
    known === undefined
      ? await deps.offers.insert({
          ...wanted,
          ...toBeFoundBy({
            ...wanted,
            categoryPath: await categoryPathFor(deps, wanted, person),
          }),
        })
      : ({ ...known, outcome: 'known' } as const)
  if (!isKept(stored)) throw cannotOffer(stored.outcome, wanted.resource)
  if (!isSame(stored, wanted)) {
    throw new ProblemError('idempotency-key-reused', 'This key was used for something else before.')
  }
  return stored
}

export const serveOffers = (app: ServiceApp, deps: OffersAppDeps) => {
  const create = createOffer(deps)

  app.openapi(createOfferRoute, async (c) => {
    const person = personIn(c)
    const { description = null, timeZone = 'UTC', ...rest } = c.req.valid('json')
    const { resource = null, location = null, ...offer } = rest
    const stored = await create(
      {
        ...offer,
        description,
        timeZone,
        resource,
        location,
        createdBy: person.id,
        idempotencyKey: sentKeyIn(c),
        requestId: requestIdIn(c),
      },
      person,
    )
    const replayed = replayedHeaders(stored.outcome === 'known')
    return c.json(offerAsCreated(stored), 201, { location: `/offers/${stored.id}`, ...replayed })
  })

  app.openapi(searchOffersRoute, async (c) => {
    const search = searchFor(c.req.valid('query'))
    const found = await deps.offers.search(search)
    return c.json(toSearchPage(found, search, toOffer), 200)
  })

  app.openapi(getOfferRoute, async (c) => {
    const { offerId } = c.req.valid('param')
    const found = await deps.offers.find(offerId)
    if (found === undefined) {
      throw new ProblemError('offer-not-found', `There is no offer ${offerId}.`)
    }
    return c.json(toOffer(found), 200)
  })
}
