import { z } from '@hono/zod-openapi'
import { defineRoute } from '../../platform/http/contract.ts'
import { problems } from '../../platform/http/problem-schemas.ts'
import { jsonContent, timeSchema } from '../../platform/http/schemas.ts'

const countSchema = z.int().min(0)

const violationSchema = z
  .strictObject({
    invariant: z.string().openapi({
      description: 'The name of what does not hold: docs/guarantees.md explains it',
      example: 'accounts-add-up',
    }),
    problem: z.string().openapi({ example: 'the balance is not the sum of the operations' }),
    row: z.record(z.string(), z.unknown()).openapi({
      description: 'The row, and what other services have of it',
      example: { id: '019aa0b6-50f3-7a00-8b3d-1c2d3e4f5061', balance: 85_001, sum: 85_000 },
    }),
  })
  .openapi('BooksViolation')

const verdictSchema = z
  .strictObject({
    startedAt: timeSchema,
    since: timeSchema
      .nullable()
      .openapi({ description: 'Only what was made or changed since; null: everything' }),
    durationMs: countSchema,
    rows: countSchema.openapi({ description: 'How many rows were read' }),
    violations: countSchema.openapi({ description: '0: the books are fine' }),
    byInvariant: z.record(z.string(), countSchema).openapi({
      description: 'How many, by the name of what does not hold',
      example: { 'accounts-add-up': 1 },
    }),
    first: z.array(violationSchema).max(10).openapi({ description: 'The first of them' }),
  })
  .openapi('BooksVerdict')

export type Verdict = z.infer<typeof verdictSchema>

export const getBooksRoute = defineRoute({
  method: 'get',
  path: '/books',
  operationId: 'getBooks',
  tags: ['billing'],
  access: 'operator',
  summary: 'Whether the books add up',
  description:
    'What the last audit found in the books of all services, which it compares row by row and never mends: `npm run audit`.',
  responses: {
    200: {
      description:
        'The last verdict on all books, or on a part of them in which something did not add up; null if there was none yet',
      content: jsonContent(
        z.strictObject({ latest: verdictSchema.nullable() }).openapi('Books', {
          example: {
            latest: {
              startedAt: '2026-11-20T09:30:00.000Z',
              since: null,
              durationMs: 21_000,
              rows: 7_100_000,
              violations: 0,
              byInvariant: {},
              first: [],
            },
          },
        }),
      ),
    },
    ...problems(),
  },
})
