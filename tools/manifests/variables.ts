import { hasServiceKey, secretNameOf } from '../../src/cluster/secrets.ts'
import { publicKeysVariable, urlVariable } from '../../src/platform/base/variables.ts'
import { callersOf, defaultAdminPort, type ServiceName } from '../../src/registry.ts'
import { commented, scalar } from './pieces.ts'
import { issuerService, type Plan } from './plan.ts'
import { settings } from './settings.ts'

/** The variables of a service and of its migrations, as lines of its container. */
const variable = (name: string, value: string) => `
            - name: ${name}
              value: ${scalar(value)}`

const fromSecret = (name: string, owner: ServiceName, key: string) => `
            - name: ${name}
              valueFrom: { secretKeyRef: { name: ${secretNameOf(owner)}, key: ${key} } }`

const fromSettings = (name: string, key = name) => `
            - name: ${name}
              valueFrom: { configMapKeyRef: { name: database-settings, key: ${key} } }`

/** `$(NAME)` is filled in by Kubernetes, from the variables before it. */
const databaseUrl = (variableName: string, role: string, password: string, name: ServiceName) =>
  variable(variableName, `postgres://${role}:$(${password})@$(DATABASE_ADDRESS)/${name}`)

const roleVariables = (name: ServiceName) =>
  fromSecret('DATABASE_ROLE', name, 'role') + fromSecret('DATABASE_PASSWORD', name, 'password')

const serviceUrl = (name: ServiceName) =>
  databaseUrl('DATABASE_URL', '$(DATABASE_ROLE)', 'DATABASE_PASSWORD', name)

export const migrationVariables = (name: ServiceName) =>
  [
    roleVariables(name),
    fromSecret('OWNER_PASSWORD', name, 'owner-password'),
    fromSettings('DATABASE_ADDRESS', 'MIGRATION_ADDRESS'),
    serviceUrl(name),
    `
            # Its tables belong to another role than the one that works on them.`,
    databaseUrl('OWNER_DATABASE_URL', name, 'OWNER_PASSWORD', name),
    fromSettings('STATEMENT_TIMEOUT_MS'),
  ].join('')

const storedVariables = (name: ServiceName) => [
  roleVariables(name),
  fromSettings('DATABASE_ADDRESS'),
  serviceUrl(name),
  fromSettings('DATABASE_POOL_SIZE'),
  fromSettings('DATABASE_PREPARE'),
  fromSettings('STATEMENT_TIMEOUT_MS'),
]

/** By which it says who it is, and by which it knows who calls. */
const keyVariables = (name: ServiceName) => {
  const callers = callersOf(name)
  const known = `
            # Who may call it, by the public half of their keys; two of a caller while one is changed.`
  return [
    ...(hasServiceKey(name) ? [fromSecret('SERVICE_KEY', name, 'service-key')] : []),
    ...(callers.length > 0 ? [known] : []),
    ...callers.map((caller) => fromSecret(publicKeysVariable(caller), caller, 'public-keys')),
  ]
}

export const serviceVariables = (name: ServiceName, { map, upstreamsOf, readsKeys }: Plan) => {
  const { defaultPort, hasDatabase } = map[name]
  const own = Object.entries(settings[name].variables).map(
    ([key, { value, why }]) => `\n${commented(why, ' '.repeat(12))}${variable(key, value)}`,
  )
  const admin = `
            # The metrics' own port, which no Service leads to.${variable('ADMIN_PORT', String(defaultAdminPort))}`
  const reached = new Set([...upstreamsOf(name), ...(readsKeys(name) ? [issuerService] : [])])
  return [
    variable('PORT', String(defaultPort)),
    ...own,
    ...(name === 'gateway' ? [admin] : []),
    ...(hasDatabase ? storedVariables(name) : []),
    ...keyVariables(name),
    ...[...reached].map((to) => variable(urlVariable(to), `http://${to}:${map[to].defaultPort}`)),
  ].join('')
}
