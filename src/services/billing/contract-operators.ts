import { actsRoute } from '../../platform/http/acts-contract.ts'
import { owedRoute, retryRoute } from '../../platform/http/owed-contract.ts'
import { searchRoute } from '../../platform/http/search-contract.ts'

/** What every service with a saga has for operators. */
export const listActsRoute = actsRoute('billing')
export const searchBillingRoute = searchRoute(
  'billing',
  'By the id of a user, an operation, or of the order or booking that it pays, a key, or the id of a request.',
)
export const listOwedRoute = owedRoute('billing')
export const retryOwedRoute = retryRoute('billing')
