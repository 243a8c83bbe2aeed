import path from 'node:path'
import { performance } from 'node:perf_hooks'
import { registry, type ServiceName } from '../../registry.ts'
import { operatorName, type FirstOperator } from './first-operator.ts'
import { nameOf } from './launch-plan.ts'
import type { Launch } from './start-databases.ts'
import { labHost } from './with-lab.ts'

type Row = (label: string, address: string, note: string) => void

const shortPath = (file: string) => {
  const relative = path.relative(process.cwd(), file)
  return relative.startsWith('..') ? file : relative
}

const showSignIn = (
  { plan }: Launch,
  operator: FirstOperator | undefined,
  { gateway, row }: { readonly gateway: string; readonly row: Row },
) => {
  if (plan.otherIssuer !== undefined) {
    row(
      'sign in',
      plan.otherIssuer,
      'the issuer of ISSUER_URL: names, passwords and roles are there',
    )
    return
  }
  row(
    'sign in',
    `${gateway}/sessions`,
    'POST a username and a password, or use "Authorize" in Swagger UI',
  )
  if (operator === undefined) return
  const file = shortPath(operator.passwordFile)
  const purpose = 'may see and mend everything'
  if (operator.password === undefined) {
    row('operator', file, `the password of the user "${operatorName}", who ${purpose}`)
    return
  }
  row('operator', `username ${operatorName}`, purpose)
  row('', `password ${operator.password}`, `shown this once, kept in ${file}`)
}

/** Shows where everything is, once it is ready. */
export const showAddresses = (
  launch: Launch,
  operator: FirstOperator | undefined,
  startMs: number,
) => {
  const { plan, progress, paint, data, postgres } = launch
  const seconds = ((performance.now() - startMs) / 1000).toFixed(1)
  const name = nameOf(plan.reachableHost)
  const addressOf = (service: ServiceName) => `http://${name}:${plan.ports[service]}`
  const row: Row = (label, address, note) =>
    progress.line(`  ${label.padEnd(13)}${paint.bold(address.padEnd(33))} ${paint.dim(note)}`)
  const gateway = addressOf('gateway')
  progress.line(`\n${paint.green(`Ready in ${seconds} s.`)} Ctrl-C stops everything.\n`)
  row('start here', gateway, registry.gateway.purpose)
  row('Swagger UI', `${gateway}/docs`, 'try every request')
  showSignIn(launch, operator, { gateway, row })
  for (const service of plan.services.filter((other) => other !== 'gateway')) {
    row(service, addressOf(service), registry[service].purpose)
  }
  if (plan.lab) {
    const address = `http://${nameOf(labHost)}:${plan.lab.port}`
    row('lab', address, 'break things, and watch them heal')
  }
  row(
    'metrics',
    `http://${name}:${plan.adminPort}/metrics`,
    'of the gateway; each service has its own',
  )
  if (postgres) {
    const hint = `psql "$(cat '${shortPath(data.file('postgres.url'))}')"`
    row('Postgres', `127.0.0.1:${postgres.port}`, hint)
  }
  row('logs', shortPath(data.logs), 'warnings and errors also appear here')
  progress.line('')
}
