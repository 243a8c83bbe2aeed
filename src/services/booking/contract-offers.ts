import { z } from '@hono/zod-openapi'
import { defineRoute } from '../../platform/http/contract.ts'
import { bodyProblems, problems } from '../../platform/http/problem-schemas.ts'
import {
  amountSchema,
  idSchema,
  idempotencyHeaders,
  instantSchema,
  jsonContent,
  locationHeader,
  maxAmount,
  pageQuery,
  pageSchema,
  replayedHeader,
  textSchema,
  timeZoneSchema,
} from '../../platform/http/schemas.ts'
import { exampleOffer, locationSchema, offerSchema } from './contract-schemas.ts'
import { maxRadiusKm, usualRadiusKm } from './offer-cells.ts'
import { offerStatuses } from './states.ts'

/** The routes by which times are offered and found. */

/** A month of 31 days in which clocks are put back is an hour longer. */
const longestMs = (31 * 24 + 1) * 3_600_000

/** Two names that look the same are the same: signs in one form, one space between words. */
const resourceSchema = textSchema(100)
  .regex(/\S/, 'must have a sign that can be seen')
  .transform((name) => name.normalize('NFC').replaceAll(/\s+/g, ' ').trim())
  .openapi({
    type: 'string',
    minLength: 1,
    maxLength: 100,
    pattern: String.raw`^[^\u0000]*[^\s\u0000][^\u0000]*$`,
    description:
      'Who or what is booked: two offers of one resource cannot overlap. Spaces around it, and more than one between words, do not count; capitals do',
    example: 'Anna',
  })

const newOfferSchema = z
  .strictObject({
    companyId: idSchema('the company that offers it'),
    categoryId: idSchema('the category'),
    title: textSchema(200).openapi({ description: 'What is offered', example: exampleOffer.title }),
    description: textSchema(2_000).optional(),
    price: amountSchema,
    startsAt: instantSchema('When it begins, in the future'),
    endsAt: instantSchema('When it ends, at most 31 days later'),
    timeZone: timeZoneSchema.optional().openapi({
      description: 'The time zone there by its name in the IANA list; UTC if it is left out',
      example: exampleOffer.timeZone,
    }),
    resource: resourceSchema.optional(),
    location: locationSchema.optional(),
  })
  .refine(({ startsAt, endsAt }) => startsAt < endsAt, {
    path: ['endsAt'],
    message: 'must be later than startsAt',
  })
  .refine(({ startsAt, endsAt }) => Date.parse(endsAt) - Date.parse(startsAt) <= longestMs, {
    path: ['endsAt'],
    message: 'must be at most 31 days after startsAt',
  })
  .openapi('NewOffer', {
    example: {
      companyId: exampleOffer.companyId,
      categoryId: exampleOffer.categoryId,
      title: exampleOffer.title,
      description: exampleOffer.description,
      price: exampleOffer.price,
      startsAt: exampleOffer.startsAtLocal,
      endsAt: exampleOffer.endsAtLocal,
      timeZone: exampleOffer.timeZone,
      resource: exampleOffer.resource,
      location: exampleOffer.location,
    },
  })

export const createOfferRoute = defineRoute({
  method: 'post',
  path: '/offers',
  operationId: 'createOffer',
  tags: ['booking'],
  access: 'person',
  summary: 'Offer a time',
  description:
    'By those who manage the company. Who does is asked of `company`: without its answer nothing is stored, and the answer is 503. Two offers of one `resource` of a company cannot overlap; one may begin when the other ends.',
  request: {
    headers: idempotencyHeaders,
    body: { required: true, content: jsonContent(newOfferSchema) },
  },
  responses: {
    201: {
      description: 'Offered; a repeat answers the same, whatever became of it later',
      headers: { ...locationHeader('offers'), ...replayedHeader },
      content: jsonContent(offerSchema),
    },
    ...problems(
      ...bodyProblems,
      'forbidden',
      'company-not-found',
      'category-not-found',
      'company-inactive',
      'resource-taken',
      'idempotency-key-reused',
    ),
  },
})

const amountParameter = (what: string) => {
  const message = `must be a whole number from 1 to ${maxAmount}`
  return z
    .string()
    .regex(/^\d{1,16}$/, message)
    .transform(Number)
    .pipe(z.number().min(1, message).max(maxAmount, message))
    .optional()
    .openapi({
      type: 'integer',
      format: 'int64',
      minimum: 1,
      maximum: maxAmount,
      description: what,
      example: 15_000,
    })
}

const wordsMessage = 'must have a letter or a digit'

const degrees = (whole: string, most: number) =>
  `-?(?:${most}(?:\\.0{1,15})?|${whole}(?:\\.[0-9]{1,15})?)`
const placePattern = `^${degrees('[0-8]?[0-9]', 90)},${degrees('(?:[0-9]{1,2}|1[0-7][0-9])', 180)}$`

const nearParameter = z
  .string()
  .regex(new RegExp(placePattern), 'must be degrees north and east, like 52.52,13.405')
  .transform((text) => {
    const [lat, lng] = text.split(',').map(Number)
    if (lat === undefined || lng === undefined) throw new Error('the pattern asks for both')
    return { lat, lng }
  })
  .optional()
  .openapi({
    type: 'string',
    pattern: placePattern,
    description: 'Degrees north and east of a place: offers without a place are not found',
    example: '52.52,13.405',
  })

const radiusPattern = String.raw`^(?:100(?:\.0{1,3})?|[0-9]{1,2}(?:\.[0-9]{1,3})?)$`

const radiusParameter = z
  .string()
  .regex(new RegExp(radiusPattern), `must be kilometres, from 0 to ${maxRadiusKm}`)
  .transform(Number)
  .optional()
  .openapi({
    type: 'string',
    pattern: radiusPattern,
    description: `How far from \`near\` in kilometres at most, ${usualRadiusKm} if it is left out; without \`near\` it says nothing`,
    example: '5',
  })

export const searchOffersRoute = defineRoute({
  method: 'get',
  path: '/offers',
  operationId: 'searchOffers',
  tags: ['booking'],
  access: 'anyone',
  summary: 'Find offers',
  description:
    'In the order of their start. In an address, the + of a time is written %2B. Whatever is asked, a page costs the same work at any size: so a page of a search that fits little may hold fewer items than `limit`, even none, while `next` says that there may be more. The end is where `next` is null.',
  request: {
    query: z.strictObject({
      categoryId: idSchema('a category: what is in its children is found, too').optional(),
      companyId: idSchema('the company that offers it').optional(),
      from: instantSchema('Offers that begin then or later; now, if it is left out').optional(),
      to: instantSchema('Offers that begin before then').optional(),
      minPrice: amountParameter('The lowest price'),
      maxPrice: amountParameter('The highest price'),
      text: textSchema(100)
        .regex(/[\p{L}\p{N}]/u, wordsMessage)
        .optional()
        .openapi({
          pattern: String.raw`^[^\u0000]*[\p{L}\p{N}][^\u0000]*$`,
          description:
            'Words that must all be in the title or the description. Capitals and signs between them do not matter, and ё is as good as е. Of a long description only its first words count.',
          example: 'haircut Anna',
        }),
      near: nearParameter,
      withinKm: radiusParameter,
      status: z
        .enum(offerStatuses)
        .optional()
        .openapi({ description: 'OPEN, if it is left out', example: 'OPEN' }),
      limit: pageQuery.limit,
      cursor: z
        .string()
        .regex(
          /^[0-9]{1,15}_[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
          'must be the `next` of an earlier page',
        )
        .optional()
        .openapi({
          description:
            '`next` of the page before; leave out for the first page. All other parameters stay the same',
          example: '1806217200000_019aa0b6-60a5-7c11-8f6e-2d3c4b5a6971',
        }),
    }),
  },
  responses: {
    200: {
      description: 'A page of offers',
      content: jsonContent(pageSchema(offerSchema, 'OfferPage')),
    },
    ...problems(),
  },
})

export const getOfferRoute = defineRoute({
  method: 'get',
  path: '/offers/{offerId}',
  operationId: 'getOffer',
  tags: ['booking'],
  access: 'anyone',
  summary: 'An offer',
  description: 'The offer as it is now.',
  request: { params: z.object({ offerId: idSchema('the offer') }) },
  responses: {
    200: { description: 'The offer', content: jsonContent(offerSchema) },
    ...problems('offer-not-found', 'not-found'),
  },
})
