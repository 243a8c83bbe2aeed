import { z } from '@hono/zod-openapi'
import { timeSchema } from './schemas.ts'

/** What happened to a row, attempt by attempt, as every contract with a saga shows it. */
const timelineEntrySchema = z
  .strictObject({
    at: timeSchema.openapi({ description: 'When it ended' }),
    step: z.string().openapi({ description: 'What was tried', example: 'withdraw' }),
    attempt: z.int().openapi({
      description: 'Which try it was: the first is that of the request, the others of recovery',
      example: 1,
    }),
    outcome: z.string().openapi({ description: 'done, refused or unknown', example: 'done' }),
    ms: z.int().openapi({ description: 'How long it took', example: 4 }),
    reason: z.string().optional().openapi({
      description: 'Why it was refused, or why its outcome is unknown',
      example: 'billing answered 503',
    }),
    calls: z.int().optional().openapi({
      description: 'How many requests this try sent, all with one key; left out if it was one',
      example: 2,
    }),
  })
  .openapi('TimelineEntry')

export const timelineSchema = z
  .array(timelineEntrySchema)
  .openapi({ description: 'The oldest first. There are 20 at most: then the last is overwritten' })

export type Timeline = z.infer<typeof timelineSchema>

/** Postgres keeps the members of JSON in an order of its own; people read what was tried first. */
export const toTimeline = (entries: readonly Timeline[number][]): Timeline =>
  entries.map(({ at, step, attempt, outcome, ms, reason, calls }) => ({
    at,
    step,
    attempt,
    outcome,
    ms,
    ...(reason === undefined ? {} : { reason }),
    ...(calls === undefined ? {} : { calls }),
  }))

/** Whether recovery still has something to do for it. */
export const owesSchema = z.boolean().openapi({
  description: 'True while money or a letter is owed: it is finished by itself',
  example: false,
})
