import { issuerPages } from '../../../platform/access/issuer-pages.ts'
import type { Throttle } from '../../../platform/access/throttle.ts'
import { ProblemError, problemTable } from '../../../platform/base/errors.ts'
import type { Log } from '../../../platform/base/telemetry.ts'
import { clientAddressHeader } from '../../../platform/http/caller.ts'
import type { AdmittedRequest } from '../../../platform/http/admission.ts'
import type { ServiceResponse } from '../../../platform/http/response.ts'
import { createMatcher, type FoundRoute } from '../../../platform/http/routes.ts'
import type { KeyRing } from '../key-ring.ts'
import { makeSecret } from '../refresh-tokens.ts'
import type { SessionMetrics } from '../session-metrics.ts'
import type { SignIn } from '../sign-in.ts'
import type { IdentityStore } from '../store.ts'
import type { ModelStore } from '../store-models.ts'
import { toProviderRequest } from './bridge.ts'
import { createLazyProvider } from './lazy-provider.ts'
import { troublePage } from './pages.ts'
import { createRedirects } from './redirects.ts'
import { createUserinfo } from './userinfo.ts'

export interface IssuerDeps {
  readonly issuer: string
  readonly publicUrl: string
  readonly store: IdentityStore
  readonly models: ModelStore
  readonly ring: KeyRing
  readonly signIn: SignIn
  readonly throttle: Throttle
  /** How often somebody may begin what leaves a row, in each window of the throttle. */
  readonly pagesPerAddress: number
  readonly sessionMs: number
  readonly sessionMetrics: SessionMetrics
  readonly log: Log
}

const matcher = createMatcher(
  issuerPages.map((page) => ({
    ...page,
    service: 'identity' as const,
    access: 'anyone' as const,
    isPage: true,
    takesKey: false,
  })),
)

const sendJson = (
  response: ServiceResponse,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
) => {
  const text = JSON.stringify(body)
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    ...headers,
  })
  response.end(text)
}

const refuseUserinfo = (response: ServiceResponse) =>
  sendJson(
    response,
    401,
    { error: 'invalid_token', error_description: 'the token is not valid here' },
    { 'www-authenticate': 'Bearer realm="orderly", error="invalid_token"' },
  )

/** What a person sees when something fails that is not their fault. */
const showTrouble = (error: unknown, response: ServiceResponse, log: Log) => {
  const problem = error instanceof ProblemError ? error : undefined
  if (problem === undefined) log.error({ err: error }, 'a page of the issuer failed')
  if (response.headersSent) {
    response.end()
    return
  }
  const page =
    problem?.code === 'too-many-attempts'
      ? troublePage('Too many attempts', problem.message)
      : troublePage('This cannot be done right now', 'Try again in a moment.')
  const status = problem === undefined ? 500 : problemTable[problem.code].status
  response.writeHead(status, { ...page.headers, ...problem?.options.headers })
  response.end(page.html)
}

/** The OpenID Connect pages. */
export const createIssuer = (deps: IssuerDeps) => {
  const { issuer, publicUrl, store, ring, throttle, pagesPerAddress, log } = deps
  const issuerUrl = new URL(issuer)
  let cookieKeys: readonly string[] = []
  const redirects = createRedirects(publicUrl)
  const load = createLazyProvider({ ...deps, redirects, cookieKeys: () => cookieKeys })
  const userinfo = createUserinfo({ issuer, store, known: ring.known })

  /** Anybody may begin, and what they have begun is kept for a while: it must not fill the disk. */
  const countBeginning = ({ headers }: AdmittedRequest) => {
    const address = headers[clientAddressHeader] ?? 'nowhere'
    const subject = `page from ${String(address)}`
    return throttle.take([{ subject, maxAttempts: pagesPerAddress }])
  }

  const showSignIn = async (request: AdmittedRequest, response: ServiceResponse) => {
    const { provider, showForm } = await load()
    const forProvider = toProviderRequest(request, issuerUrl)
    const reply = await showForm(provider, request, forProvider, response)
    if ('location' in reply) {
      response.writeHead(303, { location: reply.location, 'content-length': 0 })
      response.end()
      return
    }
    const { status, page, headers } = reply
    response.writeHead(status, { ...page.headers, ...headers })
    response.end(page.html)
  }

  const passOn = async (request: AdmittedRequest, response: ServiceResponse) => {
    const { provider } = await load()
    return provider.callback()(toProviderRequest(request, issuerUrl), response)
  }

  const answer = async (
    { template }: FoundRoute,
    request: AdmittedRequest,
    response: ServiceResponse,
  ): Promise<void> => {
    switch (template) {
      case '/identity/jwks':
        return sendJson(response, 200, { keys: await ring.published() })
      case '/identity/userinfo': {
        const claims = await userinfo(request.headers.authorization)
        return claims === undefined ? refuseUserinfo(response) : sendJson(response, 200, claims)
      }
      case '/identity/sign-in/{uid}':
        return showSignIn(request, response)
      case '/identity/auth':
      case '/identity/sign-out':
        await countBeginning(request)
        return passOn(request, response)
      default:
        return passOn(request, response)
    }
  }

  return {
    find: matcher.find,
    handle: (page: FoundRoute, request: AdmittedRequest, response: ServiceResponse) =>
      answer(page, request, response).catch((error: unknown) => {
        showTrouble(error, response, log)
      }),
    prepare: async () => {
      const { value } = await store.keepSecret({ name: 'cookies', value: makeSecret() })
      cookieKeys = [value]
    },
  }
}
