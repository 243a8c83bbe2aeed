import { z } from '@hono/zod-openapi'
import { actsRoute } from '../../platform/http/acts-contract.ts'
import { searchRoute } from '../../platform/http/search-contract.ts'
import { owedRoute, retryRoute } from '../../platform/http/owed-contract.ts'
import { defineRoute, type ServiceContract } from '../../platform/http/contract.ts'
import { problemExample } from '../../platform/http/problem-examples.ts'
import { bodyProblems, problemContent, problems } from '../../platform/http/problem-schemas.ts'
import {
  idSchema,
  idempotencyHeaders,
  jsonContent,
  locationHeader,
  pageQuery,
  pageSchema,
  pendingHeaders,
  replayedHeader,
  textSchema,
} from '../../platform/http/schemas.ts'
import { createOfferRoute, getOfferRoute, searchOffersRoute } from './contract-offers.ts'
import {
  bookingDetailsSchema,
  bookingSchema,
  exampleOffer,
  exampleRefusal,
  exampleWithoutAccount,
  offerSchema,
  refusedBookingSchema,
  unbookableSchema,
} from './contract-schemas.ts'

const bookingParams = z.object({ bookingId: idSchema('the booking') })
const offerParams = z.object({ offerId: idSchema('the offer') })

const cancelQuery = z.strictObject({
  reason: textSchema(200)
    .optional()
    .openapi({ description: 'Why: the letters say it', example: 'Anna is ill' }),
})

export const bookOfferRoute = defineRoute({
  method: 'post',
  path: '/bookings',
  operationId: 'bookOffer',
  tags: ['booking'],
  access: 'person',
  summary: 'Book an offer and pay for it',
  description:
    'Holds the offer, takes its price from your account, then sends letters to you and to those who manage the company. When billing does not answer in time, the booking is PENDING and is decided by itself: it is paid, or the offer opens again and no money is gone.',
  request: {
    headers: idempotencyHeaders,
    body: {
      required: true,
      content: jsonContent(
        z
          .strictObject({ offerId: idSchema('the offer') })
          .openapi('NewBooking', { example: { offerId: exampleOffer.id } }),
      ),
    },
  },
  responses: {
    201: {
      description: 'Paid: the time is yours',
      headers: { ...locationHeader('bookings'), ...replayedHeader },
      content: jsonContent(bookingSchema),
    },
    202: {
      description: 'Not decided yet: look again at `Location` after `Retry-After`',
      headers: pendingHeaders('bookings'),
      content: jsonContent(bookingSchema),
    },
    402: {
      description: 'Not paid: the booking is REFUSED, the offer is open again',
      headers: { ...locationHeader('bookings'), ...replayedHeader },
      content: problemContent(refusedBookingSchema, {
        'insufficient-funds': { value: exampleRefusal },
      }),
    },
    ...problems(...bodyProblems, 'idempotency-key-reused'),
    404: {
      description: 'There is no such offer, or you have no account: then the booking is REFUSED',
      headers: { ...locationHeader('bookings'), ...replayedHeader },
      content: problemContent(unbookableSchema, {
        'offer-not-found': { value: problemExample('offer-not-found') },
        'account-not-found': { value: exampleWithoutAccount },
      }),
    },
    409: {
      description:
        'Somebody else has it, or it is over: nothing is kept, and a repeat asks again. Or it was not paid in time: then the booking is RELEASED',
      headers: { ...locationHeader('bookings'), ...replayedHeader },
      content: problemContent(unbookableSchema, {
        'offer-taken': { value: problemExample('offer-taken') },
        'offer-closed': { value: problemExample('offer-closed') },
        'booking-released': { value: problemExample('booking-released') },
      }),
    },
  },
})

export const getBookingRoute = defineRoute({
  method: 'get',
  path: '/bookings/{bookingId}',
  operationId: 'getBooking',
  tags: ['booking'],
  access: 'person',
  summary: 'A booking with its timeline',
  description:
    'The booking as it is now, with each step that was taken. A booking of somebody else is answered as one that does not exist.',
  request: { params: bookingParams },
  responses: {
    200: { description: 'The booking', content: jsonContent(bookingDetailsSchema) },
    ...problems('booking-not-found', 'not-found'),
  },
})

export const listBookingsRoute = defineRoute({
  method: 'get',
  path: '/bookings',
  operationId: 'listBookings',
  tags: ['booking'],
  access: 'person',
  summary: 'A customer’s bookings',
  description:
    'Newest first. Without `userId` yours, and for an operator everybody’s. Nobody else sees bookings that are not theirs: the list of another user is empty.',
  request: {
    query: z.strictObject({
      userId: idSchema('the customer; you, if it is left out').optional(),
      ...pageQuery,
    }),
  },
  responses: {
    200: {
      description: 'A page of bookings',
      content: jsonContent(pageSchema(bookingSchema, 'BookingPage')),
    },
    ...problems(),
  },
})

const cancelled = {
  200: {
    description: 'Cancelled, and the money is back',
    headers: replayedHeader,
    content: jsonContent(bookingSchema),
  },
  202: {
    description: 'Cancelled; billing did not answer in time: the money comes back by itself',
    headers: pendingHeaders('bookings'),
    content: jsonContent(bookingSchema),
  },
}

export const cancelBookingRoute = defineRoute({
  method: 'delete',
  path: '/bookings/{bookingId}',
  operationId: 'cancelBooking',
  tags: ['booking'],
  access: 'person',
  summary: 'Cancel a booking that is paid',
  description:
    'Gives the money back in full, opens the offer again and sends letters. Until a set time before the start (`CANCEL_UNTIL_MINUTES`); an operator always. A repeat answers the same as the first time, also when the company cancelled first: `cancelledBy` says who did.',
  request: { params: bookingParams, query: cancelQuery },
  responses: {
    ...cancelled,
    ...problems(
      'booking-not-found',
      'not-found',
      'booking-undecided',
      'booking-not-paid',
      'too-late-to-cancel',
      'outcome-unknown',
    ),
  },
})

export const completeBookingRoute = defineRoute({
  method: 'post',
  path: '/bookings/{bookingId}/complete',
  operationId: 'completeBooking',
  tags: ['booking'],
  access: 'person',
  summary: 'Note that a booking took place',
  description:
    'By those who manage the company, when the booked time is over. From then on it cannot be cancelled. It needs no key: it happens once, and a repeat answers the same. For all others there is no such booking.',
  request: { params: bookingParams },
  responses: {
    200: {
      description: 'Completed; a repeat answers the same',
      headers: replayedHeader,
      content: jsonContent(bookingSchema),
    },
    ...problems(
      'booking-not-found',
      'not-found',
      'booking-undecided',
      'booking-not-paid',
      'booking-not-over',
      'outcome-unknown',
    ),
  },
})

export const withdrawOfferRoute = defineRoute({
  method: 'delete',
  path: '/offers/{offerId}',
  operationId: 'withdrawOffer',
  tags: ['booking'],
  access: 'person',
  summary: 'Withdraw an offer',
  description:
    'By those who manage the company. Whoever has booked it gets the money back in full, and a letter. A repeat answers the same as the first time.',
  request: { params: offerParams, query: cancelQuery },
  responses: {
    200: {
      description: 'Withdrawn; whoever had booked it has the money back',
      headers: replayedHeader,
      content: jsonContent(offerSchema),
    },
    202: {
      description: 'Withdrawn; billing did not answer in time: the money goes back by itself',
      headers: pendingHeaders('offers'),
      content: jsonContent(offerSchema),
    },
    ...problems('forbidden', 'offer-not-found', 'not-found', 'offer-closed', 'outcome-unknown'),
  },
})

export const getOffersBookingRoute = defineRoute({
  method: 'get',
  path: '/offers/{offerId}/booking',
  operationId: 'getOffersBooking',
  tags: ['booking'],
  access: 'person',
  summary: 'Who has an offer',
  description:
    'The booking that has the offer now, or had it when it was withdrawn: for those who manage the company. For all others there is none.',
  request: { params: offerParams },
  responses: {
    200: { description: 'The booking', content: jsonContent(bookingDetailsSchema) },
    ...problems('booking-not-found', 'not-found'),
  },
})

export const listActsRoute = actsRoute('booking')
export const searchBookingRoute = searchRoute(
  'booking',
  'By the id of a booking, an offer or letters about a booking, an Idempotency-Key, or the id of a request.',
)
export const listOwedRoute = owedRoute('booking')
export const retryOwedRoute = retryRoute('booking')

export type Booking = z.infer<typeof bookingSchema>
export type BookingDetails = z.infer<typeof bookingDetailsSchema>
export type Offer = z.infer<typeof offerSchema>

export const contract: ServiceContract = {
  service: 'booking',
  title: 'orderly booking',
  description:
    'Times that only one may have: offered, booked and paid once or never, then letters.',
  version: '1.0.0',
  routes: [
    createOfferRoute,
    searchOffersRoute,
    getOfferRoute,
    withdrawOfferRoute,
    getOffersBookingRoute,
    bookOfferRoute,
    listBookingsRoute,
    getBookingRoute,
    cancelBookingRoute,
    completeBookingRoute,
    listActsRoute,
    searchBookingRoute,
    listOwedRoute,
    retryOwedRoute,
  ],
}
