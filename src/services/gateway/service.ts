import { ownSettings } from '../../platform/base/config.ts'
import { sendProblem, type AdmittedRequest } from '../../platform/http/admission.ts'
import type { ServiceResponse } from '../../platform/http/response.ts'
import { answerBytes } from '../../platform/http/pipelines.ts'
import { pathOf } from '../../platform/http/routes.ts'
import { createForwarder, type Forwarder } from '../../platform/calls/forward.ts'
import { upstreamUrl, type Runtime, type Service } from '../../platform/service.ts'
import type { ServiceName } from '../../registry.ts'
import { readContracts, type Contract } from './contracts.ts'
import { contractsUnder } from './issuer.ts'
import { createProxy } from './proxy.ts'
import { createReadiness } from './readiness.ts'
import { createRoutes } from './routes.ts'
import { createStaticFiles } from './static-files.ts'

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

const fileMethods = 'GET, HEAD'

export const createGatewayService = (
  runtime: Runtime,
  contracts: readonly Contract[] = readContracts(),
): Service => {
  const { access, publicUrl } = runtime.config
  const issuer = { url: access.issuer, isOwn: access.isOwnIssuer }
  const shown = contractsUnder(issuer, contracts)
  const upstreams = shown.map(({ service }) => service)
  const routes = createRoutes(shown)
  const files = createStaticFiles(shown, issuer)
  const forwarders = createForwarders(runtime, upstreams)
  const proxy = createProxy({
    forwarders,
    publicUrl,
    proxyHops: ownSettings(runtime.config, 'gateway').PROXY_HOPS,
  })
  const readiness = createReadiness({
    upstreams: upstreams.map((name) => ({ name, url: upstreamUrl(runtime, name) })),
  })

  const refuseMethod = (response: ServiceResponse, path: string, allow: string) =>
    sendProblem(response, response.req.requestId, 'method-not-allowed', `${path} knows ${allow}.`, {
      headers: { allow },
    })

  /** Uses Node's own objects: the web-standard ones would only be copied. */
  const handle = async (request: AdmittedRequest, response: ServiceResponse): Promise<void> => {
    const { method = '', url = '' } = request
    const path = pathOf(url)
    const match = routes.match(method, path)
    if (match.kind === 'route') return proxy.pass(match.route, request, response)
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
    close: async () => {
      await Promise.all([
        readiness.close(),
        ...[...forwarders.values()].map((each) => each.close()),
      ])
    },
  }
}
