import { z } from '@hono/zod-openapi'

/**
 * RFC 3339, with only the days that there are. The years are those from 2000 to 2999: earlier and later
 * ones are written in other ways by Postgres or by JavaScript.
 */
const days = [
  '2[0-9](?:0[48]|[2468][048]|[13579][26])-02-29',
  '2[048]00-02-29',
  '2[0-9]{3}-02-(?:0[1-9]|1[0-9]|2[0-8])',
  '2[0-9]{3}-(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)',
  '2[0-9]{3}-(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])',
]
const clock = '(?:[01][0-9]|2[0-3]):[0-5][0-9]'
const instantPattern = `^(?:${days.join('|')})T${clock}:[0-5][0-9](?:\\.[0-9]{1,9})?(?:Z|[+-]${clock})$`

/** A moment as anybody may write it. It is read in one spelling: UTC with milliseconds. */
export const instantSchema = (description: string, example: string) =>
  z
    .string()
    .regex(new RegExp(instantPattern), 'must be a time with its offset, like 2027-03-28T09:00:00Z')
    .transform((text) => new Date(text).toISOString())
    .openapi({
      type: 'string',
      format: 'date-time',
      maxLength: 35,
      pattern: instantPattern,
      description,
      example,
    })
