import { defaultAdminPort, type ServiceEntry, type ServiceName } from '../../src/registry.ts'
import { booksFile, booksText } from './books.ts'
import { generatedBy, head, limitsText, podSecurity } from './pieces.ts'
import { createPlan, type Plan } from './plan.ts'
import { policyText } from './policies.ts'
import { secretsFile, secretsText } from './secrets-job.ts'
import { graceSeconds, image, preStopSeconds, settings } from './settings.ts'
import { migrationVariables, serviceVariables } from './variables.ts'

/**
 * The manifests of the registry's services, as text: their comments are written
 * for whoever reads the files in k8s/. What they all have in common stands here
 * once; what differs comes from the registry and from settings.ts.
 */
const publicService: ServiceName = 'gateway'

const serviceText = (name: ServiceName, { defaultPort }: ServiceEntry) => `
${head('v1', 'Service', name)}spec:
  selector:
    app.kubernetes.io/name: ${name}
  ports:
    - name: http
      port: ${defaultPort}
      targetPort: http
`

const limitsOf = (name: ServiceName) => limitsText(settings[name].requests, settings[name].limits)

const migrationText = (name: ServiceName) => `      initContainers:
        # All pods may do so at once: they wait for each other on a lock in the database.
        - name: migrate
          image: ${image}
          args: [migrate, ${name}]
          env:${migrationVariables(name)}
${limitsOf(name)}`

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

const containerText = (name: ServiceName, plan: Plan) => {
  const admin = `
            - name: admin
              containerPort: ${defaultAdminPort}`
  return `      containers:
        - name: ${name}
          image: ${image}
          args: [${name}]
          envFrom:
            - configMapRef: { name: settings }
          env:${serviceVariables(name, plan)}
          ports:
            - name: http
              containerPort: ${plan.map[name].defaultPort}${name === publicService ? admin : ''}
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
${limitsOf(name)}`
}

const spread = (topologyKey: string, name: ServiceName) => `
        - maxSkew: 1
          topologyKey: ${topologyKey}
          whenUnsatisfiable: ScheduleAnyway
          labelSelector: { matchLabels: { app.kubernetes.io/name: ${name} } }
          matchLabelKeys: [pod-template-hash]`

const deploymentText = (name: ServiceName, plan: Plan) => {
  const { hasDatabase } = plan.map[name]
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
${podSecurity}
      topologySpreadConstraints:${spread('kubernetes.io/hostname', name)}${spread('topology.kubernetes.io/zone', name)}
${hasDatabase ? migrationText(name) : ''}${containerText(name, plan)}`
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

const fileText = (name: ServiceName, plan: Plan) => {
  const documents = [
    serviceText(name, plan.map[name]),
    deploymentText(name, plan),
    autoscalerText(name),
    budgetText(name),
    policyText(name, plan),
  ]
  return `---
${generatedBy}
#
# ${name}: ${plan.map[name].purpose}.${documents.join('---')}`
}

/** The texts of all generated files, by their names in k8s/. */
export const generateManifests = (plan: Plan = createPlan()): ReadonlyMap<string, string> =>
  new Map([
    [secretsFile, secretsText()],
    ...plan.names.map((name): [string, string] => [settings[name].file, fileText(name, plan)]),
    [booksFile, booksText(plan)],
  ])
