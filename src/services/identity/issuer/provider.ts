import { errors, Provider, type Configuration, type KoaContextWithOIDC } from 'oidc-provider'
import { audience } from '../../../platform/access/person-tokens.ts'
import { issuerPath } from '../../../platform/access/issuer-pages.ts'
import { ProblemError, problemTable } from '../../../platform/base/errors.ts'
import type { Log } from '../../../platform/base/telemetry.ts'
import { accessTokenSeconds, type Keys } from '../key-ring.ts'
import type { SessionMetrics } from '../session-metrics.ts'
import { signingAlgorithm } from '../signing-keys.ts'
import type { IdentityStore, LoginRow } from '../store.ts'
import type { ModelStore } from '../store-models.ts'
import { claimsOf, clientId, scopes } from '../tokens.ts'
import { createAdapter } from './adapter.ts'
import { nextStepPage, signedOutPage, signOutPage, troublePage, type Page } from './pages.ts'
import type { Redirects } from './redirects.ts'

export interface ProviderDeps {
  readonly issuer: string
  readonly redirects: Redirects
  readonly store: Pick<IdentityStore, 'find'>
  readonly models: ModelStore
  /** They sign the cookies. */
  readonly cookieKeys: readonly string[]
  readonly sessionMs: number
  readonly sessionMetrics: SessionMetrics
  readonly log: Log
}

/** The name of our API among the things that a token can be for. Clients need not say it. */
const resource = 'urn:orderly'
const scope = scopes.join(' ')
const interactionSeconds = 600
const codeSeconds = 60

const showPage = (ctx: KoaContextWithOIDC, { html, headers }: Page) => {
  ctx.set({ ...headers })
  ctx.body = html
}

/**
 * What our own client is granted without being asked: it is our own. All apps of one browser share a
 * grant: the tokens of an earlier one would end when the session gets another.
 */
const createGrants = (sessionSeconds: number) => {
  const present = async ({ provider, session, client }: KoaContextWithOIDC['oidc']) => {
    const id = client === undefined ? undefined : session?.grantIdFor(client.clientId)
    const grant = id === undefined ? undefined : await provider.Grant.find(id)
    return grant?.accountId === session?.accountId ? grant : undefined
  }

  return async ({ oidc }: KoaContextWithOIDC) => {
    const { client, session, provider } = oidc
    const accountId = session?.accountId
    if (client === undefined || accountId === undefined) return undefined
    const grant =
      (await present(oidc)) ?? new provider.Grant({ accountId, clientId: client.clientId })
    grant.addOIDCScope(scope)
    grant.addResourceScope(resource, scope)
    // It lasts as long as the tokens that are made now.
    grant.exp = Math.floor(Date.now() / 1_000) + sessionSeconds
    await grant.save()
    return grant
  }
}

const createAccounts = (store: Pick<IdentityStore, 'find'>) => {
  const logins = new WeakMap<object, LoginRow>()
  return {
    find: async (_ctx: KoaContextWithOIDC, id: string) => {
      const login = await store.find(id)
      if (login === undefined) return undefined
      const { email, locale, username } = login
      const account = {
        accountId: id,
        claims: () => ({ sub: id, email, locale, preferred_username: username }),
      }
      logins.set(account, login)
      return account
    },
    /** The same claims as in the tokens of POST /sessions. */
    extraClaims: ({ oidc }: KoaContextWithOIDC) => {
      const login = oidc.account === undefined ? undefined : logins.get(oidc.account)
      if (login === undefined) throw new Error('a token is made for nobody')
      return { ...claimsOf(login) }
    },
  }
}

const lifetimesOf = (sessionMs: number): Configuration['ttl'] => {
  const sessionSeconds = sessionMs / 1_000
  return {
    AccessToken: accessTokenSeconds,
    AuthorizationCode: codeSeconds,
    Grant: sessionSeconds,
    IdToken: accessTokenSeconds,
    Interaction: interactionSeconds,
    // The next token of a family ends when the first one would have ended.
    RefreshToken: (ctx) => {
      const { RotatedRefreshToken: before } = ctx.oidc.entities
      return before === undefined ? sessionSeconds : Math.max(1, before.remainingTTL)
    },
    // Of somebody who is not signed in it is only needed for the next page.
    Session: (_ctx, session) =>
      session.accountId === undefined ? interactionSeconds : sessionSeconds,
  }
}

const features: Configuration['features'] = {
  devInteractions: { enabled: false },
  dPoP: { enabled: false },
  pushedAuthorizationRequests: { enabled: false },
  revocation: {
    enabled: true,
    allowedPolicy: (_ctx, client, token) => token.clientId === client.clientId,
  },
  userinfo: { enabled: true },
  resourceIndicators: {
    enabled: true,
    defaultResource: () => resource,
    useGrantedResource: () => true,
    getResourceServerInfo: (_ctx, asked) => {
      if (asked !== resource) throw new errors.InvalidTarget()
      return {
        scope,
        audience,
        accessTokenFormat: 'jwt',
        accessTokenTTL: accessTokenSeconds,
        jwt: { sign: { alg: signingAlgorithm } },
      }
    },
  },
  rpInitiatedLogout: {
    enabled: true,
    logoutSource: (ctx, form) => {
      showPage(ctx, signOutPage(form, placesAhead(ctx)))
    },
    postLogoutSuccessSource: (ctx) => {
      showPage(ctx, signedOutPage())
    },
  },
}

const configure = (deps: ProviderDeps, keys: Keys): Configuration => {
  const { redirects, store, models, cookieKeys, sessionMs } = deps
  const accounts = createAccounts(store)
  const cookie = { httpOnly: true, sameSite: 'lax', signed: true } as const
  return {
    adapter: (model) => createAdapter(models, model),
    jwks: { keys: [...keys.whole] },
    clients: [
      {
        client_id: clientId,
        token_endpoint_auth_method: 'none',
        application_type: 'web',
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        redirect_uris: redirects.examples,
        post_logout_redirect_uris: redirects.homes,
        id_token_signed_response_alg: signingAlgorithm,
      },
    ],
    clientAuthMethods: ['none'],
    clientDefaults: { id_token_signed_response_alg: signingAlgorithm },
    enabledJWA: { idTokenSigningAlgValues: [signingAlgorithm] },
    responseTypes: ['code'],
    scopes: [...scopes],
    claims: { openid: ['sub'], email: ['email'], profile: ['locale', 'preferred_username'] },
    pkce: { required: () => true },
    cookies: {
      keys: [...cookieKeys],
      names: {
        session: 'orderly_session',
        interaction: 'orderly_sign_in',
        resume: 'orderly_resume',
      },
      long: { ...cookie, path: issuerPath },
      short: cookie,
    },
    routes: {
      authorization: '/auth',
      token: '/token',
      jwks: '/jwks',
      userinfo: '/userinfo',
      revocation: '/revocation',
      end_session: '/sign-out',
    },
    interactions: { url: (_ctx, { uid }) => `${issuerPath}/sign-in/${uid}` },
    findAccount: accounts.find,
    extraTokenClaims: accounts.extraClaims,
    loadExistingGrant: createGrants(sessionMs / 1_000),
    issueRefreshToken: () => true,
    rotateRefreshToken: true,
    ttl: lifetimesOf(sessionMs),
    features,
    renderError: (ctx, { error, error_description: description = error }) => {
      const text = `${description[0]?.toUpperCase() ?? ''}${description.slice(1)}.`
      showPage(ctx, troublePage('That did not work', text))
    },
  }
}

/** Where the browser is sent at the end of what it has begun. */
const placesAhead = ({ oidc }: KoaContextWithOIDC): string[] => {
  const { Interaction: interaction } = oidc.entities
  const places = [interaction?.params['redirect_uri'], oidc.params?.['post_logout_redirect_uri']]
  return places.filter((place) => typeof place === 'string')
}

/** The form of a page of oidc-provider that sends itself. */
const stepIn = (html: unknown) => {
  if (typeof html !== 'string') return undefined
  const [, action] = /<form method="post" action="([^"]*)"/.exec(html) ?? []
  const inputs = html.match(/<input type="hidden" name="[^"]*" value="[^"]*"\/>/g)
  return action === undefined || inputs === null ? undefined : { action, inputs: inputs.join('\n') }
}

/** Everything that oidc-provider says about other sites or shows by itself is said and shown by us. */
const houseRules = async (ctx: KoaContextWithOIDC, next: () => Promise<unknown>) => {
  await next()
  // Which sites may read answers is a setting of the gateway.
  for (const name of Object.keys(ctx.response.headers)) {
    if (name.startsWith('access-control-')) ctx.remove(name)
  }
  const step = ctx.res.hasHeader('content-security-policy') ? undefined : stepIn(ctx.body)
  if (step === undefined) return
  showPage(ctx, nextStepPage({ ...step, leadsTo: [step.action, ...placesAhead(ctx)] }))
}

/** Made anew when the keys change: it has no call for that. */
export const createProvider = (deps: ProviderDeps, keys: Keys): Provider => {
  const { issuer, redirects, sessionMetrics, log } = deps
  const provider = new Provider(issuer, configure(deps, keys))
  // The gateway tells by which host and scheme it was reached, and nobody else can reach us.
  provider.proxy = true
  Object.assign(provider.Client.prototype, {
    redirectUriAllowed: redirects.mayGetCode,
    postLogoutRedirectUriAllowed: redirects.maySignOutTo,
  })
  provider.use(houseRules as never)
  provider.on('grant.success', ({ oidc }) => {
    if (oidc.params?.['grant_type'] === 'refresh_token') sessionMetrics.refreshed('page')
    else sessionMetrics.opened('page')
  })
  provider.on('grant.revoked', () => sessionMetrics.ended('page', 'revoked'))
  provider.on('server_error', (ctx, error: unknown) => {
    if (error instanceof ProblemError) {
      ctx.status = problemTable[error.code].status
      ctx.set({ ...error.options.headers })
      return
    }
    log.error({ err: error }, 'the issuer failed')
  })
  provider.on('error' as never, (error: unknown) => {
    log.error({ err: error }, 'the issuer failed')
  })
  return provider
}
