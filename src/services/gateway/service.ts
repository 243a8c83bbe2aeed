import { ownSettings } from '../../platform/base/config.ts'
import { sendProblem, type AdmittedRequest } from '../../platform/http/admission.ts'
import type { ServiceResponse } from '../../platform/http/response.ts'
import { answerBytes } from '../../platform/http/pipelines.ts'
import { pathOf } from '../../platform/http/routes.ts'
import { createForwarder, type Forwarder } from '../../platform/calls/forward.ts'
import { createReads } from '../../platform/calls/reads.ts'
import { upstreamUrl, type Runtime, type Service } from '../../platform/service.ts'
import type { ServiceName } from '../../registry.ts'
import { readContracts, type Contract } from './contracts.ts'
import { contractsUnder } from './issuer.ts'
import { createLive } from './live.ts'
import { createOwnRoutes } from './own-routes.ts'
import { createProxy } from './proxy.ts'
import { createReadiness } from './readiness.ts'
import { createRoutes } from './routes.ts'
import { createServicesView } from './services-view.ts'
import { createStaticFiles } from './static-files.ts'
import { createTraffic } from './traffic.ts'

/**
 * The services answer within their budgets. The gateway waits a little longer, so that it does not
 * give up on an answer that is on its way.
 */
const deadlineMarginMs = 2_000

const createForwarders = (
  runtime: Runtime,
  upstreams: readonly ServiceName[],
): ReadonlyMap<ServiceName, Forwarder> => {
  const { requestBudgetMs, letterBudgetMs, callTimeoutMs } = runtime.config
  return new Map(
    upstreams.map((upstream) => [
      upstream,
      createForwarder({
        upstream,
        baseUrl: upstreamUrl(runtime, upstream),
        deadlineMs: requestBudgetMs + letterBudgetMs + deadlineMarginMs,
        connectTimeoutMs: callTimeoutMs,
        unreadBytes: answerBytes,
        metrics: runtime.metrics,
      }),
    ]),
  )
}

/** Reads for those who follow something; a few of them at a time, beside all else that passes. */
const connectionsOfReads = 16

/** What the gateway answers itself. */
const createOwn = (
  runtime: Runtime,
  upstreams: readonly ServiceName[],
  traffic: ReturnType<typeof createTraffic<ServiceName>>,
) => {
  const readsOf = (name: ServiceName) =>
    createReads({
      baseUrl: upstreamUrl(runtime, name),
      connections: connectionsOfReads,
      timeoutMs: runtime.config.callTimeoutMs,
    })
  const [orders, bookings] = [readsOf('order'), readsOf('booking')]
  const live = createLive()
  const viewServices = createServicesView({
    upstreams: upstreams.map((name) => ({ name, url: upstreamUrl(runtime, name) })),
    traffic,
    instance: runtime.instance,
  })
  const routes = createOwnRoutes({ live, viewServices, orders, bookings })
  return {
    answer: async (template: string, request: AdmittedRequest, response: ServiceResponse) => {
      const answer = routes.get(template)
      if (answer === undefined) throw new Error(`nothing answers ${template}`)
      await answer(request, response)
    },
    stop: live.stop,
    close: () => Promise.all([orders.close(), bookings.close()]),
  }
}

const fileMethods = 'GET, HEAD'

export const createGatewayService = (
  runtime: Runtime,
  contracts: readonly Contract[] = readContracts(),
): Service => {
  const { access, publicUrl } = runtime.config
  const { issuer: url, isOwnIssuer: isOwn, rolesClaim } = access
  const issuer = { url, isOwn, rolesClaim }
  const shown = contractsUnder(issuer, contracts)
  const upstreams = shown.map(({ service }) => service).filter((name) => name !== 'gateway')
  const routes = createRoutes(shown)
  const { PROXY_HOPS: proxyHops, LAB_URL: labUrl } = ownSettings(runtime.config, 'gateway')
  const files = createStaticFiles(shown, issuer, labUrl)
  const forwarders = createForwarders(runtime, upstreams)
  const proxy = createProxy({
    forwarders,
    publicUrl,
    proxyHops,
  })
  const readiness = createReadiness({
    upstreams: upstreams.map((name) => ({ name, url: upstreamUrl(runtime, name) })),
  })

  const traffic = createTraffic<ServiceName>(['gateway', ...upstreams])
  const own = createOwn(runtime, upstreams, traffic)

  const refuseMethod = (response: ServiceResponse, path: string, allow: string) =>
    sendProblem(response, response.req.requestId, 'method-not-allowed', `${path} knows ${allow}.`, {
      headers: { allow },
    })

  /** Uses Node's own objects: the web-standard ones would only be copied. */
  const handle = async (request: AdmittedRequest, response: ServiceResponse): Promise<void> => {
    const { method = '', url = '' } = request
    const path = pathOf(url)
    const match = routes.match(method, path)
    if (match.kind === 'route') {
      const { service, template } = match.route
      if (service === 'gateway') return own.answer(template, request, response)
      const startedAtMs = performance.now()
      await proxy.pass(match.route, request, response)
      const ms = performance.now() - startedAtMs
      traffic.record(service, ms, response.statusCode)
      traffic.record('gateway', ms, response.statusCode)
      return undefined
    }
    if (match.kind === 'wrong-method') return refuseMethod(response, path, match.allow)
    if (files.has(path)) {
      if (method === 'GET') return files.send(path, request, response)
      return refuseMethod(response, path, fileMethods)
    }
    return sendProblem(response, request.requestId, 'not-found', 'There is nothing here.')
  }

  return {
    handle,
    /** Whoever asks for a page or a file may have it. */
    find: (method, path) =>
      routes.find(method, path) ??
      (files.has(path) ? { template: path, access: 'anyone' } : undefined),
    checkReady: readiness.checkReady,
    prepare: () => Promise.resolve(),
    loops: [],
    beginStop: own.stop,
    close: async () => {
      await Promise.all([
        readiness.close(),
        own.close(),
        ...[...forwarders.values()].map((each) => each.close()),
      ])
    },
  }
}
