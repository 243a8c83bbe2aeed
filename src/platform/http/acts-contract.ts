import { z } from '@hono/zod-openapi'
import type { ServiceName } from '../../registry.ts'
import { defineRoute } from './contract.ts'
import { problems } from './problem-schemas.ts'
import { idSchema, jsonContent, pageQuery, pageSchema, timeSchema } from './schemas.ts'

/** What somebody asked for by a role. */
const actSchema = z
  .strictObject({
    id: idSchema('the act'),
    at: timeSchema,
    operator: idSchema('who asked: an operator, or a teller who put money on an account'),
    method: z.string().openapi({ example: 'DELETE' }),
    route: z.string().openapi({ example: '/orders/{orderId}' }),
    target: z.string().openapi({
      description: 'The path with its query, as it was asked for',
      example: '/orders/019aa0b6-52a5-7c11-8f6e-2d3c4b5a6978',
    }),
    subject: idSchema('the user whom the request names').nullable(),
    requestId: z.string().openapi({
      description: 'Find the request in the logs by this id',
      example: '019aa0b6-5200-7b00-9d11-3e4f50617280',
    }),
  })
  .openapi('Act', {
    description: 'What somebody asked for by a role, written down before it was done',
  })

/** The route that lists what people did by their roles at one service. */
export const actsRoute = (service: ServiceName) =>
  defineRoute({
    method: 'get',
    path: `/acts/${service}`,
    operationId: `list${service[0]?.toUpperCase()}${service.slice(1)}Acts`,
    tags: [service],
    access: 'operator',
    summary: 'What people did by their roles',
    description:
      'Every request of an operator to this service, reads too, and what others did by a role: the deposits of tellers, where that is their task (`DEPOSITS_BY=teller`). Newest first. It is written down before anything is done.',
    request: {
      query: z.strictObject({
        operator: idSchema('the operator or teller').optional(),
        subject: idSchema('the user whom the requests name').optional(),
        ...pageQuery,
      }),
    },
    responses: {
      200: {
        description: 'A page of acts',
        content: jsonContent(pageSchema(actSchema, 'ActPage')),
      },
      ...problems(),
    },
  })

export type ActsRoute = ReturnType<typeof actsRoute>
