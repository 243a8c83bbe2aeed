import { secretNameOf } from '../../src/cluster/secrets.ts'
import { databaseVariable } from '../../src/platform/base/variables.ts'
import { servicesWithDatabase, type ServiceName } from '../../src/registry.ts'
import { generatedBy, head, limitsText, podSecurity } from './pieces.ts'
import type { Plan } from './plan.ts'
import { image } from './settings.ts'

/** The job that compares the books of all services each hour. It reaches Postgres, and nobody it. */
export const booksFile = '60-books.yaml'
export const booksName = 'books'

/** One to each database, and one on which it writes its verdict. */
export const booksConnections = servicesWithDatabase.length + 1

const resources = {
  requests: { cpu: '50m', memory: '128Mi' },
  limits: { cpu: '1', memory: '384Mi' },
}

const variablesOf = (name: ServiceName) => {
  const [role, password] = [`${name.toUpperCase()}_ROLE`, `${name.toUpperCase()}_PASSWORD`]
  const fromSecret = (variable: string, key: string) => `
                - name: ${variable}
                  valueFrom: { secretKeyRef: { name: ${secretNameOf(name)}, key: ${key} } }`
  return `${fromSecret(role, 'role')}${fromSecret(password, 'password')}
                - name: ${databaseVariable(name)}
                  value: postgres://$(${role}):$(${password})@$(DATABASE_ADDRESS)/${name}`
}

/** A CronJob holds a pod one level deeper than a Deployment does. */
const deeper = (text: string) => text.replaceAll(/^(?=.)/gm, '    ')

const cronJobText = ({ names }: Plan) => `
${head('batch/v1', 'CronJob', booksName)}spec:
  schedule: '17 * * * *'
  # A run that takes longer than expected is not joined by another one.
  concurrencyPolicy: Forbid
  startingDeadlineSeconds: 600
  successfulJobsHistoryLimit: 1
  failedJobsHistoryLimit: 3
  jobTemplate:
    spec:
      # A violation makes the job fail. It would be the same at a second try.
      backoffLimit: 0
      activeDeadlineSeconds: 3000
      template:
        metadata:
          labels:
            app.kubernetes.io/name: ${booksName}
            app.kubernetes.io/part-of: orderly
        spec:
          restartPolicy: Never
          automountServiceAccountToken: false
          enableServiceLinks: false
${deeper(podSecurity)}
          containers:
            - name: ${booksName}
              image: ${image}
              args: [audit]
              env:
                # Straight to Postgres: a pooler would not pass on that its sessions only read.
                - name: DATABASE_ADDRESS
                  valueFrom:
                    configMapKeyRef: { name: database-settings, key: MIGRATION_ADDRESS }${names
                      .filter((name) => servicesWithDatabase.includes(name))
                      .map(variablesOf)
                      .join('')}
${deeper(limitsText(resources.requests, resources.limits))}`

const policyText = `
# It reaches Postgres, and nobody it.
${head('networking.k8s.io/v1', 'NetworkPolicy', booksName)}spec:
  podSelector:
    matchLabels:
      app.kubernetes.io/name: ${booksName}
  policyTypes: [Ingress, Egress]
  egress:
    - to:
        - podSelector: { matchLabels: { app.kubernetes.io/name: postgres } }
      ports:
        - { protocol: TCP, port: 5432 }
`

export const booksText = (plan: Plan) =>
  `---
${generatedBy}
#
# Compares the books of all services while they work, and says what does not add up. It changes
# nothing: see docs/operations.md.${[cronJobText(plan), policyText].join('---')}`
