import type { Scenario } from './scenario.ts'
import { bookings } from './scenario-booking.ts'
import { shop } from './scenario-shop.ts'

/** All that the campaign drives, one of them in each run. */
export const scenarios: readonly Scenario[] = [shop, bookings]
