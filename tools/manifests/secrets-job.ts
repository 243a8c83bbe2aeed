import { makeSecrets } from '../../src/cluster/secrets.ts'
import { generatedBy, head, limitsText, podSecurity } from './pieces.ts'
import { image, namespace } from './settings.ts'

/**
 * The job that makes the Secrets that are missing, with what it needs for that: an account, the
 * right to make Secrets and to see these, and a way to the API server.
 */
export const secretsFile = '11-secrets.yaml'

const name = 'make-secrets'

/** Where API servers listen: usually, kubeadm, kind and k3s, minikube, microk8s. */
export const apiServerPorts = [443, 6443, 8443, 16443]

const accountText = `
${head('v1', 'ServiceAccount', name)}# Only the job's pod gets its token.
automountServiceAccountToken: false
`

const roleText = () => `
# It may not change a Secret, nor see one that is not of this list. (What is created has no name yet
# when it is asked whether that is allowed, so a name cannot stand there.)
${head('rbac.authorization.k8s.io/v1', 'Role', name)}rules:
  - apiGroups: ['']
    resources: [secrets]
    verbs: [create]
  - apiGroups: ['']
    resources: [secrets]
    resourceNames:${makeSecrets()
      .map((secret) => `\n      - ${secret.name}`)
      .join('')}
    verbs: [get]
`

const bindingText = `
${head('rbac.authorization.k8s.io/v1', 'RoleBinding', name)}subjects:
  - kind: ServiceAccount
    name: ${name}
    namespace: ${namespace}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: Role
  name: ${name}
`

const policyText = `
# It reaches the API server, whose address and port are other ones in each cluster, and nobody it.
${head('networking.k8s.io/v1', 'NetworkPolicy', name)}spec:
  podSelector:
    matchLabels:
      app.kubernetes.io/name: ${name}
  policyTypes: [Ingress, Egress]
  egress:
    - ports:${apiServerPorts.map((port) => `\n        - { protocol: TCP, port: ${port} }`).join('')}
`

const resources = {
  requests: { cpu: '50m', memory: '64Mi' },
  limits: { cpu: '1', memory: '256Mi' },
}

const jobText = `
${head('batch/v1', 'Job', name)}spec:
  # A job cannot be changed. This one is gone after a minute, so that the next \`kubectl apply\`, perhaps
  # with another image, runs it again: it makes what is missing, which usually is nothing.
  ttlSecondsAfterFinished: 60
  backoffLimit: 6
  template:
    metadata:
      labels:
        app.kubernetes.io/name: ${name}
        app.kubernetes.io/part-of: orderly
    spec:
      # A new pod for each attempt: the logs of those before stay.
      restartPolicy: Never
      serviceAccountName: ${name}
      automountServiceAccountToken: true
      enableServiceLinks: false
${podSecurity}
      containers:
        - name: ${name}
          image: ${image}
          args: [${name}]
${limitsText(resources.requests, resources.limits)}`

export const secretsText = () =>
  `---
${generatedBy}
#
# The repository holds no password and no key. This job makes them: the Secrets of the services and
# of Postgres that are not there yet. It never changes one. Pods that need a Secret wait for it.
#
# Whoever keeps Secrets elsewhere (sealed secrets, an external secrets operator) leaves this file out:
# \`npm run secrets\` prints what they must hold. See docs/kubernetes.md.${[
    accountText,
    roleText(),
    bindingText,
    policyText,
    jobText,
  ].join('---')}`
