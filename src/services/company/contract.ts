import { actsRoute } from '../../platform/http/acts-contract.ts'
import type { ServiceContract } from '../../platform/http/contract.ts'

export const listActsRoute = actsRoute('company')

export const contract: ServiceContract = {
  service: 'company',
  title: 'orderly company',
  description: 'Companies, who manages them, and the categories of what they offer.',
  version: '1.0.0',
  routes: [listActsRoute],
}
