import { actsRoute } from '../../platform/http/acts-contract.ts'
import type { ServiceContract } from '../../platform/http/contract.ts'

export const listActsRoute = actsRoute('booking')

export const contract: ServiceContract = {
  service: 'booking',
  title: 'orderly booking',
  description:
    'Times that only one may have: offered, booked and paid once or never, then letters.',
  version: '1.0.0',
  routes: [listActsRoute],
}
