import { z } from '@hono/zod-openapi'
import { passwordSchema } from '../../platform/http/password-schema.ts'
import { actsRoute } from '../../platform/http/acts-contract.ts'
import { searchRoute } from '../../platform/http/search-contract.ts'
import { owedRoute, retryRoute } from '../../platform/http/owed-contract.ts'
import { defineRoute, type ServiceContract } from '../../platform/http/contract.ts'
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
import { locales, shownAccountStatuses } from './states.ts'

const exampleUser = {
  id: '019aa0b6-50f3-7a00-8b3d-1c2d3e4f5061',
  username: 'masha',
  email: 'masha@example.com',
  phone: '+7 900 123-45-67',
  firstName: 'Мария',
  lastName: 'Иванова',
  locale: 'ru' as const,
  account: 'OPEN' as const,
  createdAt: '2026-11-20T09:29:00.000Z',
}

const accountSchema = z.enum(shownAccountStatuses).openapi({
  description: 'PENDING until the account is open, which happens by itself',
})

export const userSchema = z
  .strictObject({
    id: idSchema('the user'),
    username: z.string().openapi({ example: 'masha' }),
    email: z.string().openapi({ example: 'masha@example.com' }),
    phone: z.string().nullable(),
    firstName: z.string().nullable(),
    lastName: z.string().nullable(),
    locale: z.enum(locales).openapi({ description: 'The language of letters' }),
    account: accountSchema,
    createdAt: timeSchema,
  })
  .openapi('User', { description: 'Somebody who orders', example: exampleUser })

const personFields = {
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
  locale: z
    .enum(locales)
    .optional()
    .openapi({ description: 'The language of letters, `en` if not said' }),
}

const examplePerson = {
  username: exampleUser.username,
  email: exampleUser.email,
  phone: exampleUser.phone,
  firstName: exampleUser.firstName,
  lastName: exampleUser.lastName,
  locale: exampleUser.locale,
}

const newUserSchema = z
  .strictObject({ ...personFields, password: passwordSchema })
  .openapi('NewUser', { example: { ...examplePerson, password: 'three brave hedgehogs' } })

const newPersonSchema = z.strictObject(personFields).openapi('NewUser', { example: examplePerson })

const creation = {
  method: 'post' as const,
  path: '/users' as const,
  operationId: 'createUser',
  tags: ['user'],
}

const created = {
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
}

const creationProblems = [
  ...bodyProblems,
  'username-taken',
  'email-taken',
  'idempotency-key-reused',
  'too-many-attempts',
] as const

export const createUserRoute = defineRoute({
  ...creation,
  access: 'anyone',
  summary: 'Sign up: create a user with a login and an account',
  description:
    'Answers 201 when the login is made and the account is open. When identity or billing does not answer in time the user exists all the same, and the rest happens by itself. The password is not kept: only a hash of it, and that only until identity has it. An Idempotency-Key belongs to the username.',
  request: {
    headers: idempotencyHeaders,
    body: { required: true, content: jsonContent(newUserSchema) },
  },
  responses: { ...created, ...problems(...creationProblems) },
})

/** The same where another issuer has the logins: who signs up is signed in already. */
export const createPersonRoute = defineRoute({
  ...creation,
  access: 'person',
  summary: 'Sign up: become a user with an account',
  description:
    'The id is that of the token, so each person can sign up once. Answers 201 when the account is open. When billing does not answer in time the user exists all the same, and the account opens by itself.',
  request: {
    headers: idempotencyHeaders,
    body: { required: true, content: jsonContent(newPersonSchema) },
  },
  responses: { ...created, ...problems(...creationProblems, 'user-exists') },
})

export const getUserRoute = defineRoute({
  method: 'get',
  path: '/users/{userId}',
  operationId: 'getUser',
  tags: ['user'],
  access: 'person',
  summary: 'A user',
  description: 'The user as it is now, with the state of the account.',
  request: { params: z.object({ userId: idSchema('the user') }) },
  responses: {
    200: { description: 'The user', content: jsonContent(userSchema) },
    ...problems('user-not-found', 'not-found'),
  },
})

const userAccountSchema = z
  .strictObject({ userId: idSchema('the user'), account: accountSchema })
  .openapi('UserAccount', {
    description: 'Whether a user exists, and has an account',
    example: { userId: exampleUser.id, account: 'OPEN' },
  })

export const getUserAccountRoute = defineRoute({
  method: 'get',
  path: '/users/{userId}/account',
  operationId: 'getUserAccount',
  tags: ['user'],
  access: { services: ['order'] },
  summary: 'Whether there is such a user',
  description: 'Says nothing else about the person.',
  request: { params: z.object({ userId: idSchema('the user') }) },
  responses: {
    200: { description: 'There is', content: jsonContent(userAccountSchema) },
    ...problems('user-not-found', 'not-found'),
  },
})

const personSchema = z
  .strictObject({
    userId: idSchema('the user'),
    username: z.string(),
    name: z.string().openapi({ description: 'First and last name, or else the username' }),
    email: z.string(),
    locale: z.enum(locales).openapi({ description: 'The language of letters' }),
  })
  .openapi('Person', {
    description: 'Who somebody is, to be named to others and written to',
    example: {
      userId: exampleUser.id,
      username: exampleUser.username,
      name: `${exampleUser.firstName} ${exampleUser.lastName}`,
      email: exampleUser.email,
      locale: exampleUser.locale,
    },
  })

export const getPersonRoute = defineRoute({
  method: 'get',
  path: '/users/{userId}/person',
  operationId: 'getPerson',
  tags: ['user'],
  access: { services: ['company'] },
  summary: 'Who a user is',
  description:
    'For the company service, not routed by the gateway: who becomes a member of a company.',
  request: { params: z.object({ userId: idSchema('the user') }) },
  responses: {
    200: { description: 'The person', content: jsonContent(personSchema) },
    ...problems('user-not-found', 'not-found'),
  },
})

export const listActsRoute = actsRoute('user')
export const searchUserRoute = searchRoute(
  'user',
  'By the id of a user, a name, an email address, or the id of a request.',
)
export const listOwedRoute = owedRoute('user')
export const retryOwedRoute = retryRoute('user')

export type User = z.infer<typeof userSchema>
export type NewPerson = z.infer<typeof newPersonSchema>

/** With another issuer people sign up with its token and without a password. */
export const contractWith = (isOwnIssuer: boolean): ServiceContract => ({
  service: 'user',
  title: 'orderly user',
  description: 'People who order. Creating one makes a login at identity and opens an account.',
  version: '1.0.0',
  routes: [
    isOwnIssuer ? createUserRoute : createPersonRoute,
    getUserRoute,
    getUserAccountRoute,
    getPersonRoute,
    listActsRoute,
    searchUserRoute,
    listOwedRoute,
    retryOwedRoute,
  ],
})

/** @public What tools/contracts emits: it finds the contract of each service by this name. */
export const contract = contractWith(true)
