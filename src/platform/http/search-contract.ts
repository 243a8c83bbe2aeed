import { z } from '@hono/zod-openapi'
import type { ServiceName } from '../../registry.ts'
import { defineRoute } from './contract.ts'
import { problems } from './problem-schemas.ts'
import { idSchema, jsonContent, textSchema } from './schemas.ts'

const foundSchema = z
  .strictObject({
    service: z.string().openapi({ example: 'order' }),
    kind: z.string().openapi({ description: 'What it is', example: 'order' }),
    id: idSchema('what was found'),
    userId: idSchema('whose it is; null if it is nobody’s').nullable(),
  })
  .openapi('Found')

/** The route by which an operator finds what a service has, from whatever id they were told. */
export const searchRoute = (service: ServiceName, what: string) =>
  defineRoute({
    method: 'get',
    path: `/search/${service}`,
    operationId: `search${service[0]?.toUpperCase()}${service.slice(1)}`,
    tags: [service],
    access: 'operator',
    summary: 'Find something by what you know of it',
    description: `${what} An empty list says that this service has nothing like it.`,
    request: {
      query: z.strictObject({
        q: textSchema(255).openapi({
          description: 'What you know, whole',
          example: '019aa0b6-52a5-7c11-8f6e-2d3c4b5a6978',
        }),
      }),
    },
    responses: {
      200: {
        description: 'What was found, 20 at most',
        content: jsonContent(
          z.strictObject({ items: z.array(foundSchema) }).openapi('FoundThings'),
        ),
      },
      ...problems(),
    },
  })

export type SearchRoute = ReturnType<typeof searchRoute>
