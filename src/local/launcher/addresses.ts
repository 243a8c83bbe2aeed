import path from 'node:path'
import { performance } from 'node:perf_hooks'
import { registry, serviceNames, type ServiceName } from '../../registry.ts'
import type { Launch } from './start-databases.ts'

/** Shows where everything is, once it is ready. */
export const showAddresses = (
  { plan, progress, paint, data, postgres }: Launch,
  startMs: number,
) => {
  const seconds = ((performance.now() - startMs) / 1000).toFixed(1)
  const name = plan.reachableHost === '127.0.0.1' ? 'localhost' : plan.reachableHost
  const addressOf = (service: ServiceName) => `http://${name}:${plan.ports[service]}`
  const row = (label: string, address: string, note: string) =>
    progress.line(`  ${label.padEnd(13)}${paint.bold(address.padEnd(31))}${paint.dim(note)}`)
  progress.line(`\n${paint.green(`Ready in ${seconds} s.`)} Ctrl-C stops everything.\n`)
  row('start here', addressOf('gateway'), registry.gateway.purpose)
  row('Swagger UI', `${addressOf('gateway')}/docs`, 'try every request')
  for (const service of serviceNames.filter((other) => other !== 'gateway')) {
    row(service, addressOf(service), registry[service].purpose)
  }
  row(
    'metrics',
    `http://${name}:${plan.adminPort}/metrics`,
    'of the gateway; each service has its own',
  )
  const shortPath = (file: string) => {
    const relative = path.relative(process.cwd(), file)
    return relative.startsWith('..') ? file : relative
  }
  if (postgres) {
    const hint = `psql "$(cat '${shortPath(data.file('postgres.url'))}')"`
    row('Postgres', `127.0.0.1:${postgres.port}`, hint)
  }
  row('logs', shortPath(data.logs), 'warnings and errors also appear here')
  progress.line('')
}
