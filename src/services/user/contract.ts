import { createRoute, z } from '@hono/zod-openapi'
import type { ServiceContract } from '../../platform/http/contract.ts'
import { bodyProblems, problems } from '../../platform/http/problem-schemas.ts'
import {
  emailSchema,
  idSchema,
  idempotencyHeaders,
  jsonContent,
  locationHeader,
  pendingHeaders,
  replayedHeader,
  textSchema,
  timeSchema,
} from '../../platform/http/schemas.ts'
import { shownAccountStatuses } from './states.ts'

const exampleUser = {
  id: '019aa0b6-50f3-7a00-8b3d-1c2d3e4f5061',
  username: 'masha',
  email: 'masha@example.com',
  phone: '+7 900 123-45-67',
  firstName: 'Мария',
  lastName: 'Иванова',
  account: 'OPEN' as const,
  createdAt: '2026-11-20T09:29:00.000Z',
}

export const userSchema = z
  .strictObject({
    id: idSchema('the user'),
    username: z.string().openapi({ example: 'masha' }),
    email: z.string().openapi({ example: 'masha@example.com' }),
    phone: z.string().nullable(),
    firstName: z.string().nullable(),
    lastName: z.string().nullable(),
    account: z.enum(shownAccountStatuses).openapi({
      description: 'PENDING until billing confirmed the account; it becomes OPEN by itself',
    }),
    createdAt: timeSchema,
  })
  .openapi('User', { description: 'Somebody who orders', example: exampleUser })

const newUserSchema = z
  .strictObject({
    username: z
      .string()
      .regex(/^[A-Za-z0-9._-]{3,64}$/, 'must be 3 to 64 letters, digits, dots, dashes, underscores')
      .openapi({ description: 'Unique, whatever the case', example: 'masha' }),
    email: emailSchema.openapi({
      description: 'Unique, whatever the case; letters go there',
      example: 'masha@example.com',
    }),
    phone: z
      .string()
      .regex(/^\+?[0-9][0-9 ()-]{3,30}$/, 'must be a phone number')
      .optional(),
    firstName: textSchema(100).optional(),
    lastName: textSchema(100).optional(),
  })
  .openapi('NewUser', {
    example: {
      username: exampleUser.username,
      email: exampleUser.email,
      phone: exampleUser.phone,
      firstName: exampleUser.firstName,
      lastName: exampleUser.lastName,
    },
  })

export const createUserRoute = createRoute({
  method: 'post',
  path: '/users',
  operationId: 'createUser',
  tags: ['user'],
  summary: 'Create a user and open an account',
  description:
    'Answers 201 when billing opened the account at once. When billing does not answer in time the user exists all the same, and the account opens by itself.',
  request: {
    headers: idempotencyHeaders,
    body: { required: true, content: jsonContent(newUserSchema) },
  },
  responses: {
    201: {
      description: 'The user exists and the account is open',
      headers: { ...locationHeader('users'), ...replayedHeader },
      content: jsonContent(userSchema),
    },
    202: {
      description: 'The user exists; the account will open by itself',
      headers: pendingHeaders('users'),
      content: jsonContent(userSchema),
    },
    ...problems(...bodyProblems, 'username-taken', 'email-taken', 'idempotency-key-reused'),
  },
})

export const getUserRoute = createRoute({
  method: 'get',
  path: '/users/{userId}',
  operationId: 'getUser',
  tags: ['user'],
  summary: 'A user',
  description: 'The user as it is now, with the state of the account.',
  request: { params: z.object({ userId: idSchema('the user') }) },
  responses: {
    200: { description: 'The user', content: jsonContent(userSchema) },
    ...problems('user-not-found', 'not-found'),
  },
})

export type User = z.infer<typeof userSchema>
export type NewUser = z.infer<typeof newUserSchema>

export const contract: ServiceContract = {
  service: 'user',
  title: 'orderly user',
  description: 'People who order. Creating one opens an account at billing.',
  version: '1.0.0',
  routes: [createUserRoute, getUserRoute],
}
