import { z } from '@hono/zod-openapi'
import { problemExample } from '../../platform/http/problem-examples.ts'
import { problemSchema } from '../../platform/http/problem-schemas.ts'
import { amountSchema, idSchema, timeSchema } from '../../platform/http/schemas.ts'
import { owesSchema, timelineSchema } from '../../platform/http/timeline.ts'
import { bookingStatuses, cancellers, offerStatuses } from './states.ts'

/** The bodies of booking's answers about offers and bookings. */

export const exampleOffer = {
  id: '019aa0b6-60a5-7c11-8f6e-2d3c4b5a6971',
  companyId: '019aa0b6-60a5-7c11-8f6e-2d3c4b5a6972',
  categoryId: '019aa0b6-60a5-7c11-8f6e-2d3c4b5a6973',
  title: 'Haircut with Anna',
  description: 'Wash and cut, an hour',
  price: 15_000,
  startsAt: '2027-03-28T07:00:00.000Z',
  endsAt: '2027-03-28T08:00:00.000Z',
  timeZone: 'Europe/Berlin',
  startsAtLocal: '2027-03-28T09:00:00+02:00',
  endsAtLocal: '2027-03-28T10:00:00+02:00',
  resource: 'Anna',
  location: { lat: 52.52, lng: 13.405 },
  status: 'OPEN' as const,
  cancelledBy: null,
  cancelReason: null,
  createdAt: '2026-11-20T09:30:00.000Z',
}

const cancelledBySchema = z
  .enum(cancellers)
  .nullable()
  .openapi({ description: 'Who cancelled it; null while nobody has', example: null })

const cancelReasonSchema = z
  .string()
  .nullable()
  .openapi({ description: 'Why, in the words of who cancelled', example: null })

const localTime = (what: string) =>
  z.string().openapi({
    description: `${what} as clocks there show it, with their offset at that moment`,
    format: 'date-time',
    example: '2027-03-28T09:00:00+02:00',
  })

export const locationSchema = z
  .strictObject({
    lat: z.number().min(-90).max(90).openapi({ description: 'Degrees north', example: 52.52 }),
    lng: z.number().min(-180).max(180).openapi({ description: 'Degrees east', example: 13.405 }),
  })
  .openapi({ description: 'A place on the map', example: exampleOffer.location })

export const offerSchema = z
  .strictObject({
    id: idSchema('the offer'),
    companyId: idSchema('the company that offers it'),
    categoryId: idSchema('the category'),
    title: z.string().openapi({ description: 'What is offered' }),
    description: z.string().nullable(),
    price: amountSchema,
    startsAt: timeSchema,
    endsAt: timeSchema,
    timeZone: z
      .string()
      .openapi({ description: 'Name of the time zone there', example: 'Europe/Berlin' }),
    startsAtLocal: localTime('The start'),
    endsAtLocal: localTime('The end'),
    resource: z.string().nullable().openapi({
      description: 'Who or what is booked: two offers of one resource cannot overlap',
      example: 'Anna',
    }),
    location: locationSchema.nullable(),
    status: z.enum(offerStatuses).openapi({
      description: 'RESERVED while a booking holds it that is not paid yet: then it may open again',
    }),
    cancelledBy: cancelledBySchema,
    cancelReason: cancelReasonSchema,
    createdAt: timeSchema,
  })
  .openapi('Offer', {
    description: 'A time that one customer may have',
    example: exampleOffer,
  })

export const exampleBooking = {
  id: '019aa0b6-62a5-7c11-8f6e-2d3c4b5a6974',
  offerId: exampleOffer.id,
  companyId: exampleOffer.companyId,
  userId: '019aa0b6-50f3-7a00-8b3d-1c2d3e4f5061',
  title: exampleOffer.title,
  price: exampleOffer.price,
  startsAt: exampleOffer.startsAt,
  endsAt: exampleOffer.endsAt,
  timeZone: exampleOffer.timeZone,
  status: 'PAID' as const,
  reason: null,
  holdUntil: '2026-11-20T09:30:15.000Z',
  cancelledBy: null,
  cancelReason: null,
  createdAt: '2026-11-20T09:30:00.000Z',
}

const bookingFields = {
  id: idSchema('the booking'),
  offerId: idSchema('the offer'),
  companyId: idSchema('the company that offers it'),
  userId: idSchema('the customer'),
  title: z.string().openapi({ description: 'What is booked' }),
  price: amountSchema,
  startsAt: timeSchema,
  endsAt: timeSchema,
  timeZone: z.string().openapi({ description: 'Name of the time zone there' }),
  status: z.enum(bookingStatuses).openapi({
    description:
      'PENDING while billing has not answered; RELEASING and CANCELLING until the money is back: all three end by themselves',
  }),
  reason: z
    .string()
    .nullable()
    .openapi({ description: 'Why it was refused or released', example: null }),
  holdUntil: timeSchema.openapi({
    description: 'When it gives the offer back, if it is not paid by then',
  }),
  cancelledBy: cancelledBySchema,
  cancelReason: cancelReasonSchema,
  createdAt: timeSchema,
}

export const bookingSchema = z
  .strictObject(bookingFields)
  .openapi('Booking', { description: 'A booking', example: exampleBooking })

export const bookingDetailsSchema = z
  .strictObject({ ...bookingFields, timeline: timelineSchema, owes: owesSchema })
  .openapi('BookingDetails', {
    description: 'A booking with each step that was taken, the letters included',
    example: {
      ...exampleBooking,
      timeline: [
        { at: '2026-11-20T09:30:00.006Z', step: 'withdraw', attempt: 1, outcome: 'done', ms: 4 },
        { at: '2026-11-20T09:30:00.012Z', step: 'letters', attempt: 1, outcome: 'done', ms: 3 },
      ],
      owes: false,
    },
  })

const withBooking = <Name extends string>(name: Name, description: string, example: object) =>
  z
    .strictObject({ ...problemSchema.shape, booking: bookingSchema.optional() })
    .openapi(name, { description, example })

export const exampleRefusal = {
  ...problemExample('insufficient-funds'),
  detail: 'The account does not hold enough for this; nothing was taken.',
  booking: { ...exampleBooking, status: 'REFUSED' as const, reason: 'insufficient-funds' },
}

export const refusedBookingSchema = withBooking(
  'RefusedBooking',
  'Why it was not paid, with the booking',
  exampleRefusal,
)

export const exampleWithoutAccount = {
  ...problemExample('account-not-found'),
  detail: 'You have no account to pay from; nothing was taken.',
  booking: { ...exampleBooking, status: 'REFUSED' as const, reason: 'account-not-found' },
}

export const unbookableSchema = withBooking(
  'NotBooked',
  'Why it was not booked; with the booking if one was begun',
  exampleWithoutAccount,
)
