import { ProblemError } from '../../platform/base/errors.ts'

/** Why something is not done, in the words of company. A company is no secret, so 403 says so. */

export const companyNotFound = (companyId: string) =>
  new ProblemError('company-not-found', `There is no company ${companyId}.`)

export const categoryNotFound = () =>
  new ProblemError('category-not-found', 'There is no such category.')

export const notAnAdmin = () =>
  new ProblemError('forbidden', 'This is for the ADMINs of the company.')

export const notAMember = () =>
  new ProblemError('forbidden', 'This is for the members of the company.')

export const keyReused = () =>
  new ProblemError('idempotency-key-reused', 'This key was used for something else before.')
