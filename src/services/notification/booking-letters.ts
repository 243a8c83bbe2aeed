import { createZoneFormats } from '../../platform/base/time.ts'
import type { BookingLetterKind, Canceller } from './states.ts'

/** What a letter about a booking tells. */
export interface BookingSubject {
  readonly kind: BookingLetterKind
  readonly bookingId: string
  /** The offer's: free text of a company. */
  readonly title: string
  readonly startsAt: string
  readonly timeZone: string
  /** Who cancelled it, if it was cancelled. */
  readonly cancelledBy: Canceller | null
  /** The words of who cancelled it, or the code that says why it was never paid. */
  readonly reason: string | null
}

/** How a booking ended, as far as its letters are concerned. */
type Ending = 'paid' | 'unpaid' | 'cancelled'

export const endings: Readonly<Record<BookingLetterKind, Ending>> = {
  BOOKING_PAID: 'paid',
  BOOKING_REFUSED: 'unpaid',
  BOOKING_RELEASED: 'unpaid',
  BOOKING_CANCELLED: 'cancelled',
  OFFER_BOOKED: 'paid',
  OFFER_REFUSED: 'unpaid',
  OFFER_RELEASED: 'unpaid',
  OFFER_CANCELLED: 'cancelled',
}

/** The same is told to the customer in other words than to a manager of the company. */
interface Words {
  readonly customer: string
  readonly manager: string
}

/** Why a booking was never paid. A manager does not learn what a customer's account holds. */
export const unpaidWords = new Map<string, Words>([
  [
    'insufficient-funds',
    { customer: 'your account does not hold that much', manager: 'the payment was refused' },
  ],
  ['account-not-found', { customer: 'you have no account', manager: 'the payment was refused' }],
  [
    'hold-over',
    { customer: 'the payment took too long', manager: 'the customer’s payment took too long' },
  ],
  [
    'offer-withdrawn',
    { customer: 'the company withdrew the offer', manager: 'your company withdrew the offer' },
  ],
])

const cancellerWords: Readonly<Record<Canceller, Words>> = {
  CUSTOMER: { customer: 'as you asked', manager: 'by the customer' },
  COMPANY: { customer: 'by the company', manager: 'by your company' },
  OPERATOR: { customer: 'by an operator', manager: 'by an operator' },
}

/** A title may have line breaks, and a subject must not. */
const inOneLine = (text: string) => text.replaceAll(/[\s\p{Cc}]+/gu, ' ').trim()

const formatIn = createZoneFormats('en-GB', {
  weekday: 'long',
  day: 'numeric',
  month: 'long',
  year: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  hourCycle: 'h23',
  timeZoneName: 'longOffset',
})

/** With the offset of that moment: a clock that is put back shows the same hour twice. */
const timeIn = (timeZone: string, instant: string): string =>
  `${formatIn(timeZone).format(new Date(instant))} (${timeZone})`

const whyOf = ({ kind, bookingId, cancelledBy, reason }: BookingSubject): Words => {
  const ending = endings[kind]
  const words = ending === 'unpaid' && reason !== null ? unpaidWords.get(reason) : undefined
  if (words !== undefined) return words
  if (ending === 'paid') return { customer: '', manager: '' }
  if (ending === 'cancelled' && cancelledBy !== null) {
    const said = reason === null ? '' : ` (“${inOneLine(reason)}”)`
    const { customer, manager } = cancellerWords[cancelledBy]
    return { customer: `${customer}${said}`, manager: `${manager}${said}` }
  }
  throw new Error(`nothing says why booking ${bookingId} ended with ${kind}`)
}

export const renderBookingLetter = (about: BookingSubject, money: string) => {
  const { kind, bookingId: booking } = about
  const title = `“${inOneLine(about.title)}”`
  const offer = `${title} on ${timeIn(about.timeZone, about.startsAt)}`
  const why = whyOf(about)
  switch (kind) {
    case 'BOOKING_PAID':
      return {
        subject: `Hooray! Your booking of ${title} for ${money} is paid`,
        body: `Good news: we took ${money} from your account, and ${offer} is yours. Your booking is ${booking}.`,
      }
    case 'BOOKING_REFUSED':
      return {
        subject: `Sorry, your booking of ${title} for ${money} could not be paid`,
        body: `Sad news: booking ${booking} of ${offer} for ${money} was refused, because ${why.customer}. Your money was not touched.`,
      }
    case 'BOOKING_RELEASED':
      return {
        subject: `Sorry, your booking of ${title} for ${money} did not work out`,
        body: `Sad news: booking ${booking} of ${offer} was released, because ${why.customer}. If we had taken the ${money} from your account, they are there again.`,
      }
    case 'BOOKING_CANCELLED':
      return {
        subject: `Your booking of ${title} is cancelled, ${money} came back`,
        body: `Booking ${booking} of ${offer} is cancelled ${why.customer}. We returned ${money} to your account.`,
      }
    case 'OFFER_BOOKED':
      return {
        subject: `${title} is booked for ${money}`,
        body: `Good news: a customer paid ${money} for ${offer}. It is booking ${booking}.`,
      }
    case 'OFFER_REFUSED':
      return {
        subject: `A booking of ${title} for ${money} could not be paid`,
        body: `Booking ${booking} of ${offer} for ${money} was refused, because ${why.manager}.`,
      }
    case 'OFFER_RELEASED':
      return {
        subject: `A booking of ${title} for ${money} did not work out`,
        body: `Booking ${booking} of ${offer} for ${money} was released, because ${why.manager}.`,
      }
    case 'OFFER_CANCELLED':
      return {
        subject: `The booking of ${title} is cancelled, ${money} went back`,
        body: `Booking ${booking} of ${offer} is cancelled ${why.manager}. The customer got ${money} back.`,
      }
  }
}
