import type { CompanyClient } from '../../clients/company.ts'
import { ProblemError, retrySoon } from '../../platform/base/errors.ts'
import type { Person } from '../../platform/base/caller.ts'

export interface ManagersDeps {
  readonly companies: CompanyClient
  readonly budgetMs: number
}

/** Who acts, for which company, by which request. */
export interface Acting {
  readonly person: Person
  readonly companyId: string
  readonly requestId: string
}

/** Company has to say who manages it, and without that word nothing is done. */
export const standingUnknown = () =>
  new ProblemError('unavailable', 'Who manages this company is not known now; nothing was done.', {
    headers: retrySoon,
  })

/** Asks company who may act for it. Operators may always. */
export const createManagers = ({ companies, budgetMs: timeoutMs }: ManagersDeps) => ({
  isManager: async ({ person, companyId, requestId }: Acting): Promise<boolean> => {
    if (person.isOperator) return true
    const asked = { companyId, userId: person.id, requestId, timeoutMs }
    const standing = await companies.standing(asked)
    if (standing.outcome === 'unknown') throw standingUnknown()
    return standing.outcome === 'done' && standing.role !== null
  },
})

export type Managers = ReturnType<typeof createManagers>
