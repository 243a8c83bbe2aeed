import { renderBookingLetter, type BookingSubject } from './booking-letters.ts'
import type { OrderLetterKind } from './states.ts'

/** A letter about a deposit names nothing else. */
type LetterSubject = {
  /** Minor units. */
  readonly amount: number
} & (
  | { readonly kind: OrderLetterKind; readonly orderId: string }
  | BookingSubject
  | { readonly kind: 'DEPOSIT' }
)

export interface LetterText {
  readonly subject: string
  readonly body: string
}

/** Whole roubles and kopecks without floating point: 150000 is "1 500.00 ₽". */
export const formatMoney = (minorUnits: number): string => {
  const kopecks = String(minorUnits % 100).padStart(2, '0')
  const roubles = String(Math.floor(minorUnits / 100)).replace(/\B(?=(\d{3})+$)/g, ' ')
  return `${roubles}.${kopecks} ₽`
}

/** The words of letters about an order; `booking-letters.ts` has those about a booking. */
const orderTemplates: Record<OrderLetterKind, (money: string, order: string) => LetterText> = {
  ORDER_APPROVED: (money, order) => ({
    subject: `Hooray! Your order for ${money} is paid`,
    body: `Good news: we took ${money} from your account, and order ${order} is yours.`,
  }),
  ORDER_REJECTED: (money, order) => ({
    subject: `Sorry, your order for ${money} could not be paid`,
    body: `Sad news: your account does not hold ${money}, so order ${order} was rejected. Your money was not touched.`,
  }),
  ORDER_CANCELLED: (money, order) => ({
    subject: `Your order is cancelled, ${money} came back`,
    body: `Order ${order} is cancelled as you asked. We returned ${money} to your account.`,
  }),
  ORDER_REPRICED: (money, order) => ({
    subject: `Your order now costs ${money}`,
    body: `The price of order ${order} is now ${money}. The difference was settled with your account.`,
  }),
}

const depositTemplate = (money: string): LetterText => ({
  subject: `${money} arrived on your account`,
  body: `Thank you: your deposit of ${money} is on your account.`,
})

export const renderLetter = (about: LetterSubject): LetterText => {
  const money = formatMoney(about.amount)
  if (about.kind === 'DEPOSIT') return depositTemplate(money)
  if ('bookingId' in about) return renderBookingLetter(about, money)
  return orderTemplates[about.kind](money, about.orderId)
}
