import { z } from '@hono/zod-openapi'
import { keyHeaderPattern, keyPattern } from '../base/idempotency-keys.ts'
import { requestIdPattern } from '../base/ids.ts'
import { isTimeZone } from '../base/time.ts'
import { retryAfterHeader } from './problem-schemas.ts'

/** Building blocks of every contract: what an amount, an id, a key, a page look like. */

export const maxAmount = Number.MAX_SAFE_INTEGER

export const amountSchema = z
  .int('must be a whole number of minor units')
  .min(1, 'must be at least 1')
  .max(maxAmount, `must be at most ${maxAmount}`)
  .openapi({ description: 'Money in minor units (kopecks)', example: 15_000, format: 'int64' })

export const balanceSchema = z
  .int()
  .min(0)
  .max(maxAmount)
  .openapi({ description: 'Money in minor units (kopecks)', example: 85_000, format: 'int64' })

/** Clients may write ids in capitals. Batches and comparisons need one spelling for each id. */
export const idSchema = (what: string) =>
  z
    .guid('must be a UUID')
    .toLowerCase()
    .openapi({
      format: 'uuid',
      description: `Id of ${what}`,
      example: '019aa0b6-52a5-7c11-8f6e-2d3c4b5a6978',
    })

export const timeSchema = z
  .string()
  .openapi({ format: 'date-time', description: 'UTC', example: '2026-11-20T09:30:00.000Z' })

const firstInstant = '2000-01-01T00:00:00.000Z'
const lastInstant = '9998-12-31T23:59:59.999Z'

const isInRange = (value: string) => {
  const ms = Date.parse(value)
  return Date.parse(firstInstant) <= ms && ms <= Date.parse(lastInstant)
}

/** RFC 3339 as it is mostly written; that a day exists in its month, no pattern can tell. */
const instantPattern = /^[2-9]\d{3}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/

const instantMessage = 'must be a time with its offset, like 2026-11-20T12:30:00+03:00'

/**
 * A moment that somebody says. It becomes UTC in milliseconds, so that one moment has one spelling,
 * and Postgres knows all of them.
 */
export const instantSchema = (what: string) =>
  z.iso
    .datetime({ offset: true, error: instantMessage, abort: true })
    .regex(instantPattern, { error: instantMessage, abort: true })
    .refine(isInRange, 'must be between the years 2000 and 9998')
    .transform((value) => new Date(value).toISOString())
    .openapi({
      type: 'string',
      format: 'date-time',
      pattern: instantPattern.source,
      description: `${what}: a time with its offset, or in UTC with Z`,
      example: '2026-11-20T12:30:00+03:00',
    })

/** No offsets: they would say nothing about a day at which the clock changes. */
const timeZonePattern = /^[A-Za-z][A-Za-z0-9_+-]*(?:\/[A-Za-z0-9_+-]+)*$/

export const timeZoneSchema = z
  .string()
  .max(64, 'must have at most 64 characters')
  .regex(timeZonePattern, 'must be the name of a time zone, like Europe/Moscow')
  .refine(isTimeZone, 'must be the name of a time zone, like Europe/Moscow')
  .openapi({ description: 'A time zone by its name in the IANA list', example: 'Europe/Moscow' })

const textMessage = 'must be well-formed text without NUL characters'

/**
 * Postgres cannot store NUL. The contract shows this as a pattern, in the spelling that every
 * language reads: `\0` is an error to Java programs that read the contract.
 */
const hasNoNul = (value: string) => !value.includes('\0')
const patternWithoutNul = String.raw`^[^\u0000]*$`

/** Counts characters as JSON Schema does, where zod's own `max` would count an emoji twice. */
const hasAtMost = (maxLength: number) => (value: string) =>
  value.length <= maxLength || Array.from(value).length <= maxLength

export const textSchema = (maxLength: number) =>
  z
    .string()
    .min(1, 'must not be empty')
    .refine(hasAtMost(maxLength), `must have at most ${maxLength} characters`)
    .refine(hasNoNul, textMessage)
    // JSON with half a surrogate pair is no Unicode text: no schema needs to say that.
    .refine((value) => value.isWellFormed(), textMessage)
    .openapi({ maxLength, pattern: patternWithoutNul })

/** The one rule for email, here and in the contract: `format: email` would be another one. */
export const emailSchema = z
  .string()
  .max(254, 'must have at most 254 characters')
  .regex(z.regexes.email, 'must be an email address')

export const jsonContent = <Schema extends z.ZodType>(schema: Schema) => ({
  'application/json': { schema },
})

const keyMessage = 'must be 1 to 255 visible ASCII characters'

/** A key in a body, of one of the calls that share the request. */
export const keySchema = z
  .string()
  .regex(keyPattern, keyMessage)
  .openapi({ description: 'The caller’s key, as Idempotency-Key says it for a plain call' })

export const requestIdSchema = z
  .string()
  .regex(requestIdPattern, 'must be 1 to 64 letters, digits, dots, lines')
  .openapi({ description: 'The caller’s request, to be found in the logs' })

/** The most calls that may share a request. Its body is then far below the limit. */
export const maxTogether = 64

export const together = <Call extends z.ZodType>(call: Call) =>
  z.array(call).min(1, 'must not be empty').max(maxTogether, `must be at most ${maxTogether}`)

/** The answers to calls that share a request, each the same as if the call had come alone. */
export const answersSchema = <Body extends z.ZodType>(body: Body) =>
  z.strictObject({
    answers: z.array(
      z.strictObject({
        status: z.int().openapi({ description: 'The status of the plain call’s answer' }),
        body,
      }),
    ),
  })

/** The IETF draft writes the key as a quoted string; the bare form is common: both mean the same key. */
export const idempotencyHeaders = z.object({
  'idempotency-key': z
    .string()
    .regex(keyHeaderPattern, keyMessage)
    .transform((value) => value.replace(/^"(.*)"$/, '$1'))
    .optional()
    .openapi({
      description:
        'A key of your own for this request: 1 to 255 visible ASCII characters, between quotes or without; those that begin with `saga:` belong to the services. A repeat with the same key and payload does nothing more and gets the same answer; with another payload it gets 422.',
      example: 'a1f0c3e8-checkout-42',
    }),
})

export const replayedHeader = {
  'Idempotency-Replayed': {
    description: 'Present and `true` when this answer repeats an earlier one',
    schema: { type: 'string' as const, enum: ['true'] },
  },
}

/** The headers of an answer that repeats an earlier one. */
export const replayedHeaders = (replayed: boolean): Record<string, string> =>
  replayed ? { 'idempotency-replayed': 'true' } : {}

/** The lists below which things have an address of their own. */
type Located = 'orders' | 'users' | 'companies' | 'offers' | 'bookings'

export const locationHeader = (what: Located) => ({
  Location: {
    description: 'Where to look at it',
    schema: { type: 'string' as const },
    example: `/${what}/019aa0b6-52a5-7c11-8f6e-2d3c4b5a6978`,
  },
})

export const pendingHeaders = (what: Located) => ({
  ...locationHeader(what),
  ...retryAfterHeader,
  ...replayedHeader,
})

export const defaultPageSize = 20
export const maxPageSize = 100

const limitParameter = z
  .string()
  .regex(/^\d{1,3}$/, `must be a whole number from 1 to ${maxPageSize}`)
  .transform(Number)
  .pipe(z.number().min(1).max(maxPageSize, `must be at most ${maxPageSize}`))
  .optional()
  .openapi({
    type: 'integer',
    minimum: 1,
    maximum: maxPageSize,
    description: `How many items at most, ${defaultPageSize} if not said`,
    example: 20,
  })

const cursorDescription = '`next` of the page before; leave out for the first page'

/** Pages over ids: the cursor is the last id of the page before. */
export const pageQuery = {
  limit: limitParameter,
  cursor: z.guid('must be the `next` of an earlier page').optional().openapi({
    format: 'uuid',
    description: cursorDescription,
    example: '019aa0b6-52a5-7c11-8f6e-2d3c4b5a6978',
  }),
}

/** Pages over a counter: the cursor is the last number of the page before. */
export const countedPageQuery = {
  limit: limitParameter,
  cursor: z
    .string()
    .regex(/^[0-9]{1,15}$/, 'must be the `next` of an earlier page')
    .optional()
    .openapi({ description: cursorDescription, example: '42' }),
}

export const pageSchema = <Item extends z.ZodType>(item: Item, name: string) =>
  z
    .strictObject({
      items: z.array(item),
      next: z
        .string()
        .nullable()
        .openapi({ description: '`cursor` of the next page, null on the last', example: null }),
    })
    .openapi(name)

/** The store reads one row more than the limit, which tells whether there is a next page. */
export const toPage = <Row, Item>(
  rows: readonly Row[],
  limit: number,
  cursorOf: (row: Row) => string,
  toItem: (row: Row) => Item,
) => {
  const shown = rows.slice(0, limit)
  const last = shown.at(-1)
  const next = rows.length > limit && last !== undefined ? cursorOf(last) : null
  return { items: shown.map(toItem), next }
}
