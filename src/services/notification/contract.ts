import { z } from '@hono/zod-openapi'
import { actsRoute } from '../../platform/http/acts-contract.ts'
import { searchRoute } from '../../platform/http/search-contract.ts'
import { defineRoute, type ServiceContract } from '../../platform/http/contract.ts'
import { bodyProblems, problemSchema, problems } from '../../platform/http/problem-schemas.ts'
import {
  amountSchema,
  answersSchema,
  emailSchema,
  idSchema,
  instantSchema,
  jsonContent,
  pageQuery,
  pageSchema,
  requestIdSchema,
  textSchema,
  timeSchema,
  timeZoneSchema,
  together,
} from '../../platform/http/schemas.ts'
import { endings, unpaidWords } from './booking-letters.ts'
import { bookingLetterKinds, cancellers, letterKinds, orderLetterKinds } from './states.ts'

const exampleLetter = {
  id: '019aa0b6-5301-7d20-9c11-4e5f60718293',
  userId: '019aa0b6-50f3-7a00-8b3d-1c2d3e4f5061',
  email: 'masha@example.com',
  kind: 'ORDER_APPROVED' as const,
  orderId: '019aa0b6-52a5-7c11-8f6e-2d3c4b5a6978',
  bookingId: null,
  amount: 15_000,
  subject: 'Hooray! Your order for 150.00 ₽ is paid',
  body: 'Good news: we took 150.00 ₽ from your account, and order 019aa0b6-52a5-7c11-8f6e-2d3c4b5a6978 is yours.',
  createdAt: '2026-11-20T09:30:00.000Z',
}

const exampleNewLetter = {
  key: '019aa0b6-52a5-7c11-8f6e-2d3c4b5a6978:ORDER_APPROVED',
  userId: exampleLetter.userId,
  email: exampleLetter.email,
  kind: exampleLetter.kind,
  orderId: exampleLetter.orderId,
  amount: exampleLetter.amount,
}

const kindSchema = z
  .enum(letterKinds)
  .openapi({ description: 'What the letter is about', example: 'ORDER_APPROVED' })

export const letterSchema = z
  .strictObject({
    id: idSchema('the letter'),
    userId: idSchema('the user it was written to'),
    email: z.string().openapi({ description: 'Where it was sent', example: 'masha@example.com' }),
    kind: kindSchema,
    orderId: idSchema('the order it is about').nullable(),
    bookingId: idSchema('the booking it is about').nullable(),
    amount: amountSchema,
    subject: z.string().openapi({ description: 'Names the amount' }),
    body: z.string().openapi({ description: 'Names the amount, and the order or booking' }),
    createdAt: timeSchema,
  })
  .openapi('Letter', { description: 'A letter as it was written', example: exampleLetter })

const newLetterFields = {
  key: textSchema(100).openapi({
    description: 'The sender’s own key: one letter for each, whatever is repeated',
    example: '019aa0b6-52a5-7c11-8f6e-2d3c4b5a6978:ORDER_APPROVED',
  }),
  userId: idSchema('the user to write to'),
  email: emailSchema.openapi({ description: 'Where to write', example: 'masha@example.com' }),
  amount: amountSchema,
}

const newOrderLetterSchema = z
  .strictObject({
    ...newLetterFields,
    kind: z.enum(orderLetterKinds).openapi({ description: 'What became of the order' }),
    orderId: idSchema('the order it is about'),
  })
  .openapi('NewOrderLetter', { example: exampleNewLetter })

interface BookingLetterFields {
  readonly kind: (typeof bookingLetterKinds)[number]
  readonly cancelledBy: string | null
  readonly reason: string | null
}

const isCancelledByOne = ({ kind, cancelledBy }: BookingLetterFields) =>
  (endings[kind] === 'cancelled') === (cancelledBy !== null)

/** Whoever cancels may say why. Of all else it is known why it ended. */
const hasItsReason = ({ kind, reason }: BookingLetterFields) => {
  if (endings[kind] === 'cancelled') return true
  return endings[kind] === 'paid' ? reason === null : reason !== null && unpaidWords.has(reason)
}

const newBookingLetterSchema = z
  .strictObject({
    ...newLetterFields,
    kind: z.enum(bookingLetterKinds).openapi({
      description:
        'What became of the booking: `BOOKING_…` for the customer, `OFFER_…` for a manager',
    }),
    bookingId: idSchema('the booking it is about'),
    title: textSchema(200).openapi({ description: 'What was offered', example: 'Sauna, one hour' }),
    startsAt: instantSchema('When it begins'),
    timeZone: timeZoneSchema,
    cancelledBy: z
      .enum(cancellers)
      .nullable()
      .openapi({ description: 'Who cancelled it; null unless it was cancelled', example: null }),
    reason: textSchema(500)
      .nullable()
      .openapi({
        description: `What was said when it was cancelled, or the code that says why it was refused or released (${[...unpaidWords.keys()].join(', ')}); null when it was paid`,
        example: null,
      }),
  })
  .refine(isCancelledByOne, {
    path: ['cancelledBy'],
    error: 'must be there when the booking is cancelled, and only then',
  })
  .refine(hasItsReason, { path: ['reason'], error: 'must be what a letter of this kind says' })
  .openapi('NewBookingLetter', {
    example: {
      key: '019aa0b6-5401-7b00-8d11-3e4f50617283:BOOKING_PAID:019aa0b6-50f3-7a00-8b3d-1c2d3e4f5061',
      userId: exampleLetter.userId,
      email: exampleLetter.email,
      kind: 'BOOKING_PAID',
      bookingId: '019aa0b6-5400-7b00-8d11-3e4f50617283',
      amount: 250_000,
      title: 'Sauna, one hour',
      startsAt: '2026-11-21T18:00:00+03:00',
      timeZone: 'Europe/Moscow',
      cancelledBy: null,
      reason: null,
    },
  })

const newDepositLetterSchema = z
  .strictObject({ ...newLetterFields, kind: z.literal('DEPOSIT') })
  .openapi('NewDepositLetter', {
    example: {
      key: '019aa0b6-5201-7b00-9d11-3e4f50617283:DEPOSIT',
      userId: exampleLetter.userId,
      email: exampleLetter.email,
      kind: 'DEPOSIT',
      amount: 100_000,
    },
  })

const newLetterSchema = z
  .discriminatedUnion('kind', [
    newOrderLetterSchema,
    newBookingLetterSchema,
    newDepositLetterSchema,
  ])
  .openapi('NewLetter', { example: exampleNewLetter })

/** They owe letters: billing for deposits, order and booking for what became of theirs. */
const senders = { services: ['billing', 'order', 'booking'] } as const

export const sendLetterRoute = defineRoute({
  method: 'post',
  path: '/notifications',
  operationId: 'sendLetter',
  tags: ['notification'],
  access: senders,
  summary: 'Write a letter',
  description:
    'For the other services, not routed by the gateway. The key makes it safe to repeat: the second time answers 200 with the letter of the first.',
  request: { body: { required: true, content: jsonContent(newLetterSchema) } },
  responses: {
    201: { description: 'Written', content: jsonContent(letterSchema) },
    200: { description: 'Written before under this key', content: jsonContent(letterSchema) },
    ...problems(...bodyProblems, 'idempotency-key-reused'),
  },
})

export const sendLettersRoute = defineRoute({
  method: 'post',
  path: '/notifications/many',
  operationId: 'sendLetters',
  tags: ['notification'],
  access: senders,
  summary: 'Write many letters at once',
  description:
    'For the other services, not routed by the gateway: letters that became due at the same moment share one request. Each is written and answered, in its place, as if it had come alone; what becomes of one means nothing for the others.',
  request: {
    body: {
      required: true,
      content: jsonContent(
        z
          .strictObject({
            letters: together(
              z.strictObject({ requestId: requestIdSchema, letter: newLetterSchema }),
            ),
          })
          .openapi('NewLetters', {
            example: {
              letters: [
                { requestId: '019aa0b6-5200-7b00-9d11-3e4f50617280', letter: exampleNewLetter },
              ],
            },
          }),
      ),
    },
  },
  responses: {
    200: {
      description: 'An answer for each, in their order: 200, 201, 422, 503 or 504',
      content: jsonContent(
        answersSchema(z.union([letterSchema, problemSchema])).openapi('LetterAnswers', {
          example: { answers: [{ status: 201, body: exampleLetter }] },
        }),
      ),
    },
    ...problems(...bodyProblems),
  },
})

export const listLettersRoute = defineRoute({
  method: 'get',
  path: '/notifications',
  operationId: 'listLetters',
  tags: ['notification'],
  access: 'person',
  summary: 'Letters of a user, or about an order or a booking',
  description:
    'Newest first. Without `userId`, `orderId` and `bookingId` all of yours, and for an operator everybody’s. Nobody else sees letters that are not theirs: the list of another user is empty.',
  request: {
    query: z.strictObject({
      userId: idSchema('the user; you, if it is left out').optional(),
      orderId: idSchema('the order').optional(),
      bookingId: idSchema('the booking').optional(),
      ...pageQuery,
    }),
  },
  responses: {
    200: {
      description: 'The letters, newest first',
      content: jsonContent(pageSchema(letterSchema, 'LetterPage')),
    },
    ...problems(),
  },
})

export const listActsRoute = actsRoute('notification')
export const searchNotificationRoute = searchRoute(
  'notification',
  'By the id of a letter, of the order or booking that it is about, or its key.',
)

export type Letter = z.infer<typeof letterSchema>
export type NewLetter = z.infer<typeof newLetterSchema>

export const contract: ServiceContract = {
  service: 'notification',
  title: 'orderly notification',
  description: 'Letters to people: written once for each key, never lost, never twice.',
  version: '1.0.0',
  routes: [
    sendLetterRoute,
    sendLettersRoute,
    listLettersRoute,
    listActsRoute,
    searchNotificationRoute,
  ],
}
