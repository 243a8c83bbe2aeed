import { bookingRules } from './bookings.ts'
import { orderRules } from './orders.ts'
import type { SagaRules } from './saga-rules.ts'

/** Whoever adds a saga adds its rules here. */
export const sagas: readonly SagaRules[] = [orderRules, bookingRules]
