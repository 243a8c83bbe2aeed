import type { Contract, OpenApiDocument, RouteDescription } from './contracts.ts'

/** What the gateway needs to know of the issuer whose tokens people carry. */
export interface Issuer {
  readonly url: string
  /** Whether it is our own service `identity`. */
  readonly isOwn: boolean
  /** Where its tokens name the roles, with dots between the steps to it. */
  readonly rolesClaim: string
}

export const discoveryUrl = (issuer: Issuer): string =>
  `${issuer.url.replace(/\/$/, '')}/.well-known/openid-configuration`

type Members = Readonly<Record<string, unknown>>

const asMembers = (value: unknown) => (value ?? {}) as Members

const without = (members: unknown, name: string): Members =>
  Object.fromEntries(Object.entries(asMembers(members)).filter(([key]) => key !== name))

/** How people sign in elsewhere. Swagger UI asks the issuer itself for the addresses. */
const schemesOf = (issuer: Issuer) => ({
  signIn: {
    type: 'openIdConnect',
    description: `Sign in on a page of ${issuer.url}`,
    openIdConnectUrl: discoveryUrl(issuer),
  },
  token: {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: `An access token of ${issuer.url} for the audience orderly`,
  },
})

/** The password stays with the issuer: nobody else may ask for it. */
const withoutPassword = (schema: unknown): Members => {
  const { required, properties, example, ...rest } = asMembers(schema)
  const kept = Array.isArray(required) ? required.filter((name) => name !== 'password') : undefined
  return {
    ...rest,
    ...(kept ? { required: kept } : {}),
    properties: without(properties, 'password'),
    ...(example === undefined ? {} : { example: without(example, 'password') }),
  }
}

/** Somebody who signs up has a token already, and becomes the user whom it names. */
const signUpByToken = (signUp: RouteDescription, model: RouteDescription): RouteDescription => ({
  ...signUp,
  'x-access': 'person',
  security: model.security ?? [],
  responses: { '401': asMembers(model.responses)['401'], ...signUp.responses },
})

const signUpPath = '/users'
const ownUserPath = '/users/{userId}'

const signUpElsewhere = (document: OpenApiDocument): OpenApiDocument => {
  const { [signUpPath]: users = {}, [ownUserPath]: user = {} } = document.paths
  const schemas = document.components?.['schemas']
  return {
    ...document,
    paths: {
      ...document.paths,
      [signUpPath]: {
        ...users,
        post: signUpByToken(users['post'] as RouteDescription, user['get'] as RouteDescription),
      },
    },
    components: {
      ...document.components,
      schemas: { ...schemas, NewUser: withoutPassword(schemas?.['NewUser']) },
    },
  }
}

const underOtherIssuer = ({ service, document }: Contract, issuer: Issuer): Contract => {
  const changed = service === 'user' ? signUpElsewhere(document) : document
  const securitySchemes = { ...document.components?.['securitySchemes'], ...schemesOf(issuer) }
  return {
    service,
    document: { ...changed, components: { ...changed.components, securitySchemes } },
  }
}

/**
 * The contracts as they hold with this issuer. They are written for our own one. With another,
 * `identity` does not run, and signing up takes the person from the token.
 */
export const contractsUnder = (issuer: Issuer, contracts: readonly Contract[]): Contract[] =>
  issuer.isOwn
    ? [...contracts]
    : contracts
        .filter(({ service }) => service !== 'identity')
        .map((contract) => underOtherIssuer(contract, issuer))

/** Leaves out what a page says for the other kind of issuer. */
export const pageUnder = (issuer: Issuer, html: string): string =>
  html
    .replaceAll(issuer.isOwn ? otherParts : ownParts, '')
    .replaceAll(/[^\S\n]*<!-- (?:(?:own|other) issuer|end) -->\n?/g, '')

const ownParts = /[^\S\n]*<!-- own issuer -->[^]*?<!-- end -->\n?/g
const otherParts = /[^\S\n]*<!-- other issuer -->[^]*?<!-- end -->\n?/g
