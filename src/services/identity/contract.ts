import { z } from '@hono/zod-openapi'
import { actsRoute } from '../../platform/http/acts-contract.ts'
import { defineRoute, type ServiceContract } from '../../platform/http/contract.ts'
import { bodyProblems, problems } from '../../platform/http/problem-schemas.ts'
import { emailSchema, idSchema, jsonContent, textSchema } from '../../platform/http/schemas.ts'
import { locales } from './states.ts'

const exampleUserId = '019aa0b6-50f3-7a00-8b3d-1c2d3e4f5061'
const exampleRefreshToken =
  '019aa0b6-5100-7a00-8b3d-1c2d3e4f5062.1yGvTnKXG3N6mE0XrQpH2c7bDfVw9sLz4aJ8kUoYtRi'

const tokensSchema = z
  .strictObject({
    accessToken: z.string().openapi({ description: 'Send it as `Authorization: Bearer …`' }),
    tokenType: z.literal('Bearer'),
    expiresIn: z.int().openapi({ description: 'Seconds until the access token ends' }),
    refreshToken: z
      .string()
      .openapi({ description: 'Serves once, for the next tokens: keep only the newest' }),
  })
  .openapi('Tokens', {
    example: {
      accessToken:
        'eyJhbGciOiJFZERTQSIsInR5cCI6ImF0K2p3dCIsImtpZCI6IuKApiJ9.eyJzdWIiOiLigKYifQ.c2ln',
      tokenType: 'Bearer',
      expiresIn: 600,
      refreshToken: exampleRefreshToken,
    },
  })

const refreshTokenSchema = z
  .strictObject({ refreshToken: textSchema(200) })
  .openapi('RefreshToken', { example: { refreshToken: exampleRefreshToken } })

/** From 1,024 to 999,999 KiB. */
const memoryPattern = String.raw`(?:102[4-9]|10[3-9]\d|1[1-9]\d\d|[2-9]\d{3}|[1-9]\d{4,5})`

/** A hash that cannot be checked would lock its owner out, and one that costs too much everybody. */
const passwordHashSchema = z
  .string()
  .regex(
    new RegExp(
      String.raw`^\$argon2id\$v=19\$m=${memoryPattern},t=2,p=1\$[A-Za-z0-9+/]{11,86}\$[A-Za-z0-9+/]{43}$`,
    ),
    'must be an argon2id hash in the PHC form',
  )
  .openapi({ description: 'argon2id, in the PHC form' })

const loginSchema = z
  .strictObject({
    userId: idSchema('the user'),
    username: z.string().openapi({ example: 'masha' }),
  })
  .openapi('Login', { description: 'Somebody who may sign in' })

const refreshBody = { body: { required: true, content: jsonContent(refreshTokenSchema) } }

export const newLoginSchema = z
  .strictObject({
    userId: idSchema('the user'),
    username: textSchema(64),
    email: emailSchema,
    locale: z.enum(locales),
    passwordHash: passwordHashSchema,
  })
  .openapi('NewLogin', {
    example: {
      userId: exampleUserId,
      username: 'masha',
      email: 'masha@example.com',
      locale: 'en',
      passwordHash:
        '$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$xo0DWXlHgW8v3lYQmYqTTQ8V8cHV0k7bR1mYw1y0m2k',
    },
  })

export const signInRoute = defineRoute({
  method: 'post',
  path: '/sessions',
  operationId: 'signIn',
  tags: ['identity'],
  access: 'anyone',
  summary: 'Sign in',
  description:
    'For scripts; pages use the code flow of the issuer. A wrong password and a name that does not exist get the same answer. After some failures there is a 429, also for the right password. It takes no Idempotency-Key: every repeat is a session of its own.',
  request: {
    body: {
      required: true,
      content: jsonContent(
        z
          .strictObject({ username: textSchema(64), password: textSchema(256) })
          .openapi('Credentials', {
            example: { username: 'masha', password: 'seven blue herons' },
          }),
      ),
    },
  },
  responses: {
    200: { description: 'The tokens', content: jsonContent(tokensSchema) },
    ...problems(...bodyProblems, 'wrong-credentials', 'too-many-attempts'),
  },
})

export const refreshSessionRoute = defineRoute({
  method: 'post',
  path: '/sessions/refresh',
  operationId: 'refreshSession',
  tags: ['identity'],
  access: 'anyone',
  summary: 'Get the next tokens',
  description:
    'A refresh token serves once. When one comes a second time, somebody else may have it: the session ends, and with it the newest token.',
  request: refreshBody,
  responses: {
    200: { description: 'The next tokens', content: jsonContent(tokensSchema) },
    ...problems(...bodyProblems, 'session-ended'),
  },
})

export const endSessionRoute = defineRoute({
  method: 'post',
  path: '/sessions/end',
  operationId: 'endSession',
  tags: ['identity'],
  access: 'anyone',
  summary: 'Sign out',
  description:
    'No refresh token of this session serves any more. The access token lives on until it ends. The answer is the same for a session that has ended before or never was.',
  request: refreshBody,
  responses: {
    204: { description: 'There is no such session any more' },
    ...problems(...bodyProblems),
  },
})

export const makeLoginRoute = defineRoute({
  method: 'post',
  path: '/identity/logins',
  operationId: 'makeLogin',
  tags: ['identity'],
  access: { services: ['user'] },
  summary: 'Make a user’s login',
  description:
    'For the user service, not routed by the gateway. The user is the key: the second time answers 200 with the same login.',
  request: {
    body: {
      required: true,
      content: jsonContent(newLoginSchema),
    },
  },
  responses: {
    201: { description: 'Made', content: jsonContent(loginSchema) },
    200: { description: 'It was there already', content: jsonContent(loginSchema) },
    ...problems(...bodyProblems, 'login-differs', 'username-taken'),
  },
})

export const listActsRoute = actsRoute('identity')

export const contract: ServiceContract = {
  service: 'identity',
  title: 'orderly identity',
  description:
    'Names, passwords and sessions. Its OpenID Connect pages are below /identity; /identity/.well-known/openid-configuration describes them.',
  version: '1.0.0',
  routes: [signInRoute, refreshSessionRoute, endSessionRoute, makeLoginRoute, listActsRoute],
}
