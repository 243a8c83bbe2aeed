import { stringify } from 'yaml'
import { urlVariable } from '../../src/platform/base/config.ts'
import {
  defaultAdminPort,
  registry,
  serviceNames,
  type ServiceEntry,
  type ServiceName,
} from '../../src/registry.ts'
import { graceSeconds, image, namespace, preStopSeconds, settings } from './settings.ts'

/**
 * The manifests of the registry's services, as text: their comments are written
 * for whoever reads the files in k8s/. What they all have in common stands here
 * once; what differs comes from the registry and from settings.ts.
 */
type Registry = Readonly<Record<ServiceName, ServiceEntry>>

const publicService: ServiceName = 'gateway'
const database = { name: 'postgres', port: 5432 }

const listed = (names: readonly string[]) => new Intl.ListFormat('en-GB').format(names)
const scalar = (value: string) => stringify(value, { singleQuote: true, lineWidth: 0 }).trim()
const commented = (text: string, indent = '') => text.replaceAll(/^/gm, `${indent}# `)

const head = (apiVersion: string, kind: string, name: ServiceName) => `apiVersion: ${apiVersion}
kind: ${kind}
metadata:
  name: ${name}
  namespace: ${namespace}
  labels:
    app.kubernetes.io/name: ${name}
    app.kubernetes.io/part-of: orderly
`

const serviceText = (name: ServiceName, { defaultPort }: ServiceEntry) => `
${head('v1', 'Service', name)}spec:
  selector:
    app.kubernetes.io/name: ${name}
  ports:
    - name: http
      port: ${defaultPort}
      targetPort: http
`

const variable = (name: string, value: string) => `
            - name: ${name}
              value: ${scalar(value)}`

const fromSecret = (name: string, key: string) => `
            - name: ${name}
              valueFrom: { secretKeyRef: { name: database-passwords, key: ${key} } }`

const fromSettings = (name: string, key = name) => `
            - name: ${name}
              valueFrom: { configMapKeyRef: { name: database-settings, key: ${key} } }`

/** `$(NAME)` is filled in by Kubernetes, from the variables before it. */
const databaseUrl = (variableName: string, role: string, password: string, name: ServiceName) =>
  variable(variableName, `postgres://${role}:$(${password})@$(DATABASE_ADDRESS)/${name}`)

const roleVariables = (name: ServiceName) =>
  fromSecret('DATABASE_ROLE', `${name}-service-role`) +
  fromSecret('DATABASE_PASSWORD', `${name}-service`)

const serviceUrl = (name: ServiceName) =>
  databaseUrl('DATABASE_URL', '$(DATABASE_ROLE)', 'DATABASE_PASSWORD', name)

const limitsText = (name: ServiceName) => {
  const { requests, limits } = settings[name]
  return `          resources:
            requests: { cpu: ${scalar(requests.cpu)}, memory: ${scalar(requests.memory)} }
            limits: { cpu: ${scalar(limits.cpu)}, memory: ${scalar(limits.memory)} }
          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            capabilities: { drop: [ALL] }
`
}

const migrationVariables = (name: ServiceName) =>
  [
    roleVariables(name),
    fromSecret('OWNER_PASSWORD', name),
    fromSettings('DATABASE_ADDRESS', 'MIGRATION_ADDRESS'),
    serviceUrl(name),
    `
            # Its tables belong to another role than the one that works on them.`,
    databaseUrl('OWNER_DATABASE_URL', name, 'OWNER_PASSWORD', name),
    fromSettings('STATEMENT_TIMEOUT_MS'),
  ].join('')

const migrationText = (name: ServiceName) => `      initContainers:
        # All pods may do so at once: they wait for each other on a lock in the database.
        - name: migrate
          image: ${image}
          args: [migrate, ${name}]
          env:${migrationVariables(name)}
${limitsText(name)}`

const serviceVariables = (name: ServiceName, map: Registry) => {
  const { defaultPort, hasDatabase, upstreams } = map[name]
  const own = Object.entries(settings[name].variables).map(
    ([key, { value, why }]) => `\n${commented(why, ' '.repeat(12))}${variable(key, value)}`,
  )
  const admin = `
            # The metrics' own port, which no Service leads to.${variable('ADMIN_PORT', String(defaultAdminPort))}`
  const stored = [
    roleVariables(name),
    fromSettings('DATABASE_ADDRESS'),
    serviceUrl(name),
    fromSettings('DATABASE_POOL_SIZE'),
    fromSettings('DATABASE_PREPARE'),
    fromSettings('STATEMENT_TIMEOUT_MS'),
  ]
  return [
    variable('PORT', String(defaultPort)),
    ...own,
    ...(name === publicService ? [admin] : []),
    ...(hasDatabase ? stored : []),
    ...upstreams.map((to) => variable(urlVariable(to), `http://${to}:${map[to].defaultPort}`)),
  ].join('')
}

const readinessText = (name: ServiceName) =>
  name === publicService
    ? `          # It answers quickly. Not /readyz, which tells people whether all services are ready:
          # a dead one of them must not close the door to the others.
          readinessProbe:
            httpGet: { path: /healthz, port: http }
            periodSeconds: 5
            timeoutSeconds: 1
            failureThreshold: 2`
    : `          # It can do its work, for which it needs its own database and nobody else's health.
          readinessProbe:
            httpGet: { path: /readyz, port: http }
            periodSeconds: 5
            timeoutSeconds: 3
            failureThreshold: 2`

const containerText = (name: ServiceName, map: Registry) => {
  const admin = `
            - name: admin
              containerPort: ${defaultAdminPort}`
  return `      containers:
        - name: ${name}
          image: ${image}
          args: [${name}]
          envFrom:
            - configMapRef: { name: settings }
          env:${serviceVariables(name, map)}
          ports:
            - name: http
              containerPort: ${map[name].defaultPort}${name === publicService ? admin : ''}
          lifecycle:
            # Goes on as if nothing had happened until everybody knows that this pod is leaving.
            preStop: { sleep: { seconds: ${preStopSeconds} } }
          # It listens: from here on the other two count.
          startupProbe:
            httpGet: { path: /healthz, port: http }
            periodSeconds: 1
            timeoutSeconds: 2
            failureThreshold: 60
${readinessText(name)}
          # It has not answered anything for a minute: only a restart can help.
          livenessProbe:
            httpGet: { path: /healthz, port: http }
            periodSeconds: 10
            timeoutSeconds: 5
            failureThreshold: 6
          # What an order costs each process, and what they take in memory: docs/performance.md.
${limitsText(name)}`
}

const spread = (topologyKey: string, name: ServiceName) => `
        - maxSkew: 1
          topologyKey: ${topologyKey}
          whenUnsatisfiable: ScheduleAnyway
          labelSelector: { matchLabels: { app.kubernetes.io/name: ${name} } }
          matchLabelKeys: [pod-template-hash]`

const deploymentText = (name: ServiceName, map: Registry) => {
  const { hasDatabase } = map[name]
  const annotations = `
      annotations:
        kubectl.kubernetes.io/default-container: ${name}`
  return `
${head('apps/v1', 'Deployment', name)}spec:
  # How many: see the autoscaler below. A number here would undo its work at every \`kubectl apply\`.
  revisionHistoryLimit: 3
  strategy:
    type: RollingUpdate
    rollingUpdate: { maxUnavailable: 0, maxSurge: 1 }
  selector:
    matchLabels:
      app.kubernetes.io/name: ${name}
  template:
    metadata:
      labels:
        app.kubernetes.io/name: ${name}
        app.kubernetes.io/part-of: orderly${hasDatabase ? annotations : ''}
    spec:
      automountServiceAccountToken: false
      # Kubernetes would add a variable like ORDER_PORT=tcp://… for every Service.
      enableServiceLinks: false
      # preStop + DRAIN_DELAY_MS + SHUTDOWN_GRACE_MS + 3 s for loops and connections must fit into it.
      terminationGracePeriodSeconds: ${graceSeconds}
      securityContext:
        runAsNonRoot: true
        runAsUser: 10001
        runAsGroup: 10001
        seccompProfile: { type: RuntimeDefault }
      topologySpreadConstraints:${spread('kubernetes.io/hostname', name)}${spread('topology.kubernetes.io/zone', name)}
${hasDatabase ? migrationText(name) : ''}${containerText(name, map)}`
}

const autoscalerText = (name: ServiceName) => `
${head('autoscaling/v2', 'HorizontalPodAutoscaler', name)}spec:
  scaleTargetRef:
    apiVersion: apps/v1
    kind: Deployment
    name: ${name}
  # Without a metrics server there are always 2.
  minReplicas: 2
  maxReplicas: ${settings[name].maxPods}
  metrics:
    - type: Resource
      resource:
        name: cpu
        target:
          # Of a core, per pod. Node does its work on one, and needs room for a pod that fails.
          type: AverageValue
          averageValue: 400m
`

const budgetText = (name: ServiceName) => `
${head('policy/v1', 'PodDisruptionBudget', name)}spec:
  maxUnavailable: 1
  selector:
    matchLabels:
      app.kubernetes.io/name: ${name}
`

/** Without a peer a rule is for everybody; without a rule nobody is let through. */
const ruleText = (direction: 'from' | 'to', peers: readonly string[], port: number) => {
  const selectors = peers.map(
    (peer) => `\n        - podSelector: { matchLabels: { app.kubernetes.io/name: ${peer} } }`,
  )
  return `
    - ${direction}:${selectors.join('')}
      ports:
        - { protocol: TCP, port: ${port} }`
}

const policyText = (name: ServiceName, map: Registry) => {
  const { defaultPort, hasDatabase, upstreams } = map[name]
  const callers = serviceNames.filter((from) => map[from].upstreams.includes(name))
  const called = [...upstreams, ...(hasDatabase ? ['its database'] : [])]
  const comment =
    name === publicService
      ? `Everybody may call it; it may call ${listed(called)}.
The metrics on ${defaultAdminPort} are for nobody: let your Prometheus in with a policy of its own.`
      : `${listed(callers) || 'nobody'} may call it; it may call ${listed(called) || 'nobody'}.`
  const everybody = `
    - ports:
        - { protocol: TCP, port: ${defaultPort} }`
  const byRegistry = callers.length > 0 ? ruleText('from', callers, defaultPort) : ' []'
  const egress = [
    ...upstreams.map((to) => ruleText('to', [to], map[to].defaultPort)),
    ...(hasDatabase ? [ruleText('to', [database.name], database.port)] : []),
  ]
  return `
${commented(comment)}
${head('networking.k8s.io/v1', 'NetworkPolicy', name)}spec:
  podSelector:
    matchLabels:
      app.kubernetes.io/name: ${name}
  policyTypes: [Ingress, Egress]
  ingress:${name === publicService ? everybody : byRegistry}
  egress:${egress.join('') || ' []'}
`
}

const fileText = (name: ServiceName, map: Registry) => {
  const documents = [
    serviceText(name, map[name]),
    deploymentText(name, map),
    autoscalerText(name),
    budgetText(name),
    policyText(name, map),
  ]
  return `---
# Generated by \`npm run manifests\` from src/registry.ts and tools/manifests/settings.ts. Do not edit.
#
# ${name}: ${map[name].purpose}.${documents.join('---')}`
}

/** The texts of all generated files, by their names in k8s/. */
export const generateManifests = (map: Registry = registry): ReadonlyMap<string, string> =>
  new Map(serviceNames.map((name) => [settings[name].file, fileText(name, map)]))
