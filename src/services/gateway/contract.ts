import { z } from '@hono/zod-openapi'
import { defineRoute, type ServiceContract } from '../../platform/http/contract.ts'
import { problems } from '../../platform/http/problem-schemas.ts'
import { idSchema, jsonContent, timeSchema } from '../../platform/http/schemas.ts'

/**
 * What the gateway answers itself. It does not load this at run time: like the contracts of the
 * services it reads what was emitted.
 */
const exampleInstance = '5f0c9a1e'

const exampleEvents = `event: order
data: {"id":"019aa0b6-52a5-7c11-8f6e-2d3c4b5a6978","status":"PENDING","owes":true}

event: end
data: {"why":"settled"}

`

const liveRoute = <Path extends string, Name extends string>(
  path: Path,
  what: 'order' | 'booking',
  idName: Name,
) =>
  defineRoute({
    method: 'get',
    path,
    operationId: `follow${what === 'order' ? 'Order' : 'Booking'}`,
    tags: ['gateway'],
    access: 'person',
    summary: `Follow one ${what} while it is undecided`,
    description: `Server-sent events: \`${what}\` with the ${what} as \`GET\` shows it, at once and whenever it has changed, and \`end\` with the reason why there is no more: \`settled\` when nothing is owed any more; \`time\` after some minutes and \`stopping\` when this gateway stops, after both of which one may come again at once; \`signed-out\` when the token does not serve any more; \`gone\` when there is no such ${what} any more; \`unavailable\` when it could not be asked for long. What an operator follows is looked at once a second, and each look is an act.`,
    request: { params: z.object({ [idName]: idSchema(`the ${what}`) }) },
    responses: {
      200: {
        description: 'What happens, as it happens',
        content: {
          'text/event-stream': { schema: z.string().openapi({ example: exampleEvents }) },
        },
      },
      ...problems(`${what}-not-found`, 'not-found'),
    },
  })

const followOrderRoute = liveRoute('/console/live/orders/{orderId}', 'order', 'orderId')
const followBookingRoute = liveRoute('/console/live/bookings/{bookingId}', 'booking', 'bookingId')

const bucketSchema = z
  .strictObject({
    at: timeSchema.openapi({ description: 'When these seconds began' }),
    requests: z.int().openapi({ description: 'Answers in this time', example: 120 }),
    errors: z.int().openapi({ description: 'How many of them had a status from 500', example: 0 }),
    p50Ms: z.number().openapi({
      description: 'Half of them took no longer; told to a tenth of itself',
      example: 4.2,
    }),
    p99Ms: z.number().openapi({ description: 'Nearly all took no longer', example: 17 }),
  })
  .openapi('Traffic')

const serviceSchema = z
  .strictObject({
    name: z.string().openapi({ example: 'order' }),
    isReady: z.boolean().openapi({ description: 'Whether one that answers is ready' }),
    replicas: z.array(
      z.strictObject({
        instance: z.string().openapi({
          description: 'A name that each process gives itself when it starts',
          example: exampleInstance,
        }),
        lastSeenAt: timeSchema,
      }),
    ),
    areAllReplicas: z.boolean().openapi({
      description:
        'False when they were seen through one address that leads to one of them at a time: there may be more',
    }),
    traffic: z.array(bucketSchema).openapi({
      description: 'The oldest first; seconds in which nothing passed are left out',
    }),
  })
  .openapi('ServiceView', {
    example: {
      name: 'order',
      isReady: true,
      replicas: [{ instance: exampleInstance, lastSeenAt: '2026-11-20T09:30:10.000Z' }],
      areAllReplicas: true,
      traffic: [
        { at: '2026-11-20T09:30:00.000Z', requests: 120, errors: 0, p50Ms: 4.2, p99Ms: 17 },
      ],
    },
  })

const viewServicesRoute = defineRoute({
  method: 'get',
  path: '/console/services',
  operationId: 'viewServices',
  tags: ['gateway'],
  access: 'operator',
  summary: 'Services, their replicas, and what passed',
  description:
    'What this gateway sees: which services are ready, which processes of them answer, and how many requests of the last 15 minutes passed to each, with their errors and times. Another gateway saw other requests.',
  responses: {
    200: {
      description: 'The view of this gateway',
      content: jsonContent(
        z
          .strictObject({
            at: timeSchema,
            gateway: z.string().openapi({
              description: 'The gateway that answers, as it names itself',
              example: exampleInstance,
            }),
            bucketSeconds: z.int().openapi({ example: 10 }),
            services: z.array(serviceSchema),
          })
          .openapi('ServicesView'),
      ),
    },
    ...problems('not-found'),
  },
})

/** @public What tools/contracts emits: it finds the contract of each service by this name. */
export const contract: ServiceContract = {
  service: 'gateway',
  title: 'orderly gateway',
  description: 'What the one public door answers itself: what happens now, for the console.',
  version: '1.0.0',
  routes: [followOrderRoute, followBookingRoute, viewServicesRoute],
}
