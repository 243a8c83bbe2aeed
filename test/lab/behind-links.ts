import { servicesWithDatabase, type ServiceName } from '../../src/registry.ts'
import { startCollector } from './collector.ts'
import { markedPerson, tellingLines, type MarkedPerson } from './marked-person.ts'
import { shop, shopWhileItFails } from './shopping.ts'
import { startSystem } from './system.ts'
import { startUpstream, type Behaviour, type Upstream } from './upstream.ts'

/** Short timeouts, so that requests through faulty links end soon. */
const shortTimeouts = {
  LOG_LEVEL: 'debug',
  PASSWORD_MEMORY_KIB: '1024',
  REQUEST_BUDGET_MS: '300',
  CALL_TIMEOUT_MS: '200',
  LETTER_BUDGET_MS: '250',
  LEASE_MS: '700',
  RECOVERY_INTERVAL_MS: '100',
  STATEMENT_TIMEOUT_MS: '1000',
}

/** The whole system with a link before each service that can fail, and logs that say all they can. */
export const startBehindLinks = async (person: MarkedPerson) => {
  const linked = servicesWithDatabase
  let urls: Readonly<Partial<Record<ServiceName, string>>> = {}
  const links: Partial<Record<ServiceName, Upstream>> = {}
  for (const name of linked) links[name] = await startUpstream(() => urls[name] as string)
  const upstreams = Object.fromEntries(linked.map((name) => [name, (links[name] as Upstream).url]))
  // One name of the issuer for both parts of the system.
  const collector = await startCollector()
  const env = {
    ...shortTimeouts,
    PUBLIC_URL: 'http://orderly.test',
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
  }
  const system = await startSystem({ services: linked, upstreams, env })
  urls = system.urls
  // The gateway is ready only when the services behind it are, and they are behind its links.
  const keys = `${upstreams['identity']}/identity/jwks`
  const door = await startSystem({
    services: ['gateway'],
    upstreams,
    env: { ...env, JWKS_URL: keys },
  })
  const gateway = door.urls.gateway
  const known = await shop(gateway, person)
  return {
    system,
    gateway,
    /** The person who was there before anything failed. */
    known,
    /** Somebody goes shopping, once for each service, while that service fails so. */
    shopWhileEachFails: async (behaviour: Behaviour) => {
      for (const link of Object.values(links)) {
        link.behave(behaviour)
        await shopWhileItFails(gateway, markedPerson(), known)
        link.behave('forward')
      }
    },
    /** Lines of all logs and spans that name somebody, with their service. */
    linesThatTell: async (): Promise<string[]> => {
      // A log line may stay in a buffer for 200 ms, and a span for a second.
      await new Promise((resolve) => setTimeout(resolve, 1_200))
      if (collector.spans.length === 0) throw new Error('nothing was told of any trace')
      const spans = collector.spans.map((span) => JSON.stringify(span)).join('\n')
      const lines = [...system.processes, ...door.processes].flatMap(({ service, logs }) => {
        const log = logs()
        if (!log.includes('listening')) throw new Error(`${service} has logged nothing`)
        return tellingLines(log).map((line) => `${service}: ${line}`)
      })
      return [...lines, ...tellingLines(spans).map((line) => `a trace: ${line}`)]
    },
    close: () => Promise.all([system.close(), door.close()]),
  }
}
