import { z } from '@hono/zod-openapi'
import type { ServiceName } from '../../registry.ts'
import { defineRoute } from './contract.ts'
import { problems } from './problem-schemas.ts'
import {
  idSchema,
  idempotencyHeaders,
  jsonContent,
  pageQuery,
  replayedHeader,
  timeSchema,
} from './schemas.ts'
import { timelineSchema } from './timeline.ts'

const exampleId = '019aa0b6-52a5-7c11-8f6e-2d3c4b5a6978'
const exampleReason = 'billing answered 503'

const owedSchema = z
  .strictObject({
    kind: z.string().openapi({ description: 'What kind of row it is', example: 'order' }),
    id: idSchema('the row that owes something'),
    about: idSchema('what it is about: an order, a booking, or itself'),
    userId: idSchema('whose it is'),
    state: z.string().openapi({ example: 'PENDING' }),
    createdAt: timeSchema,
    dueAt: timeSchema.openapi({ description: 'When recovery may take it' }),
    attempts: z.int().openapi({ description: 'How often recovery took it', example: 3 }),
    isAtWork: z.boolean().openapi({
      description: 'Somebody works on it now, or died with it: until `dueAt` it is nobody else’s',
      example: false,
    }),
    lastStep: z
      .string()
      .nullable()
      .openapi({ description: 'What was tried last', example: 'withdraw' }),
    lastReason: z
      .string()
      .nullable()
      .openapi({ description: 'Why that did not work', example: exampleReason }),
    requestId: z.string().openapi({
      description: 'The request that made it: find it in the logs by this id',
      example: '019aa0b6-5200-7b00-9d11-3e4f50617280',
    }),
    timeline: timelineSchema,
  })
  .openapi('Owed', {
    description: 'A row that is undecided, or owes a letter',
    example: {
      kind: 'order',
      id: exampleId,
      about: exampleId,
      userId: '019aa0b6-50f3-7a00-8b3d-1c2d3e4f5061',
      state: 'PENDING',
      createdAt: '2026-11-20T09:30:00.000Z',
      dueAt: '2026-11-20T09:30:04.100Z',
      attempts: 3,
      isAtWork: false,
      lastStep: 'withdraw',
      lastReason: exampleReason,
      requestId: '019aa0b6-5200-7b00-9d11-3e4f50617280',
      timeline: [
        {
          at: '2026-11-20T09:30:02.300Z',
          step: 'withdraw',
          attempt: 4,
          outcome: 'unknown',
          ms: 12,
          reason: exampleReason,
        },
      ],
    },
  })

const operationOf = (verb: string, service: ServiceName) =>
  `${verb}${service[0]?.toUpperCase()}${service.slice(1)}Owed`

/** Ages, and ids for those of one age. */
const cursorPattern = /^\d{1,15}_[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/

/** The route that lists what the sagas of one service owe. */
export const owedRoute = (service: ServiceName) =>
  defineRoute({
    method: 'get',
    path: `/owed/${service}`,
    operationId: operationOf('list', service),
    tags: [service],
    access: 'operator',
    summary: 'What is undecided or owed',
    description:
      'Rows that recovery has to finish, the oldest first, with what was tried and why it failed. Young ones are being worked on: one that is older than some seconds is stuck.',
    request: {
      query: z.strictObject({
        limit: pageQuery.limit,
        cursor: z
          .string()
          .regex(cursorPattern, 'must be the `next` of an earlier page')
          .optional()
          .openapi({
            description: '`next` of the page before; leave out for the first page',
            example: `1763631000000_${exampleId}`,
          }),
      }),
    },
    responses: {
      200: {
        description: 'A page of what is owed',
        content: jsonContent(
          z
            .strictObject({
              items: z.array(owedSchema),
              next: z.string().nullable().openapi({
                description: '`cursor` of the next page, null on the last',
                example: null,
              }),
              isAll: z.boolean().openapi({
                description:
                  'False while thousands owe something: then only those are listed that wait longest for recovery',
                example: true,
              }),
            })
            .openapi('OwedPage'),
        ),
      },
      ...problems(),
    },
  })

/** The route by which an operator has a row tried at once. */
export const retryRoute = (service: ServiceName) =>
  defineRoute({
    method: 'post',
    path: `/owed/${service}/{owedId}/retry`,
    operationId: operationOf('retry', service),
    tags: [service],
    access: 'operator',
    summary: 'Try it now',
    description:
      'Makes a row due at once that would be tried a little later: recovery takes it within its interval. It moves no money and sends no letter by itself, and is written down.',
    request: {
      params: z.object({ owedId: idSchema('the row that owes something') }),
      headers: idempotencyHeaders,
    },
    responses: {
      200: {
        description: 'It is due now',
        headers: replayedHeader,
        content: jsonContent(
          z
            .strictObject({
              id: idSchema('this retry'),
              owedId: idSchema('the row that is tried'),
              at: timeSchema,
            })
            .openapi('Retry', {
              example: {
                id: '019aa0b6-7000-7c11-8f6e-2d3c4b5a6979',
                owedId: exampleId,
                at: '2026-11-20T09:30:02.700Z',
              },
            }),
        ),
      },
      ...problems(
        'owed-not-found',
        'not-found',
        'nothing-owed',
        'work-in-progress',
        'idempotency-key-reused',
        'outcome-unknown',
      ),
    },
  })

export type OwedRoute = ReturnType<typeof owedRoute>
export type RetryRoute = ReturnType<typeof retryRoute>
