import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { checkAgreement, checkManifests } from '../../tools/manifests/check.ts'
import { projectRoot, runTool } from '../../tools/run-tool.ts'
import { copyProject } from '../lab/project-copy.ts'

/** A mistake in one file of k8s/ (or the Dockerfile), and what must be said of it. */
interface Mistake {
  readonly what: string
  readonly file: string
  readonly from: string
  readonly to: string
  readonly says: RegExp
}

const malformed: readonly Mistake[] = [
  {
    what: 'a field of the wrong type',
    file: 'k8s/33-order.yaml',
    from: 'containerPort: 8003',
    to: "containerPort: '8003'",
    says: /^k8s\/33-order\.yaml:\d+ .*'string' is not assignable to type 'number'/,
  },
  {
    what: 'a field that is missing',
    file: 'k8s/32-user.yaml',
    from: '  selector:\n    matchLabels:\n      app.kubernetes.io/name: user\n  template',
    to: '  template',
    says: /^k8s\/32-user\.yaml:\d+ .*'selector' is missing/,
  },
  {
    what: 'a field that nobody knows',
    file: 'k8s/40-gateway.yaml',
    from: 'readOnlyRootFilesystem: true',
    to: 'readOnlyRootFileSystem: true',
    says: /^k8s\/40-gateway\.yaml:\d+ .*readOnlyRootFileSystem.* does not exist/,
  },
  {
    what: 'a field in the wrong place',
    file: 'k8s/30-notification.yaml',
    from: '      automountServiceAccountToken: false\n',
    to: '      runAsNonRoot: true\n      automountServiceAccountToken: false\n',
    says: /^k8s\/30-notification\.yaml:\d+ .*runAsNonRoot.* does not exist/,
  },
  {
    what: 'a value that is not among those allowed',
    file: 'k8s/12-network.yaml',
    from: 'protocol: UDP',
    to: 'protocol: UPD',
    says: /^k8s\/12-network\.yaml:\d+ .*UPD/,
  },
  {
    what: 'a part of a pod',
    file: 'k8s/31-billing.yaml',
    from: 'minReplicas: 2',
    to: 'minReplicas: 2.5',
    says: /^k8s\/31-billing\.yaml:\d+ spec\.minReplicas: must be integer/,
  },
  {
    what: 'an amount that is none',
    file: 'k8s/20-postgres.yaml',
    from: 'memory: 1Gi',
    to: 'memory: 1 GB',
    says: /^k8s\/20-postgres\.yaml:\d+ .*memory/,
  },
  {
    what: 'a number in a ConfigMap, which takes strings',
    file: 'k8s/10-settings.yaml',
    from: "DRAIN_DELAY_MS: '6000'",
    to: 'DRAIN_DELAY_MS: 6000',
    says: /^k8s\/10-settings\.yaml:\d+ .*'number' is not assignable to type 'string'/,
  },
  {
    what: 'a kind that does not exist in that version',
    file: 'k8s/32-user.yaml',
    from: 'autoscaling/v2\nkind: HorizontalPodAutoscaler',
    to: 'autoscaling/v3\nkind: HorizontalPodAutoscaler',
    says: /^k8s\/32-user\.yaml:\d+ .*autoscaling\/v3/,
  },
  {
    what: 'a key that is given twice',
    file: 'k8s/50-ingress.yaml',
    from: '  name: gateway\n',
    to: '  name: gateway\n  name: gateway\n',
    says: /^k8s\/50-ingress\.yaml:\d+ Map keys must be unique/,
  },
  {
    what: 'an unknown field of an HTTPRoute',
    file: 'k8s/gateway-api/httproute.yaml',
    from: 'hostnames:',
    to: 'hosts:',
    says: /^k8s\/gateway-api\/httproute\.yaml:\d+ .*hosts.* does not exist/,
  },
]

const disagreeing: readonly Mistake[] = [
  {
    what: 'a variable that config.ts does not know',
    file: 'k8s/10-settings.yaml',
    from: 'DRAIN_DELAY_MS:',
    to: 'DRAIN_DELAY_MILLIS:',
    says: /^k8s\/10-settings\.yaml:\d+ order reads no variable DRAIN_DELAY_MILLIS/,
  },
  {
    what: 'a value that config.ts refuses',
    file: 'k8s/10-settings.yaml',
    from: 'LOG_LEVEL: info',
    to: 'LOG_LEVEL: loud',
    says: /user would not start: wrong configuration: LOG_LEVEL/,
  },
  {
    what: 'an upstream that is not set',
    file: 'k8s/32-user.yaml',
    from: '            - name: BILLING_URL\n              value: http://billing:8002\n',
    to: '',
    says: /^k8s\/32-user\.yaml:\d+ user needs the variable BILLING_URL/,
  },
  {
    what: 'an upstream at another port than the registry says',
    file: 'k8s/33-order.yaml',
    from: 'http://billing:8002',
    to: 'http://billing:8080',
    says: /^k8s\/33-order\.yaml:\d+ BILLING_URL must be http:\/\/billing:8002/,
  },
  {
    what: 'an upstream that the registry does not allow',
    file: 'k8s/30-notification.yaml',
    from: '          ports:\n            - name: http',
    to: '            - name: BILLING_URL\n              value: http://billing:8002\n          ports:\n            - name: http',
    says: /^k8s\/30-notification\.yaml:\d+ notification reads no variable BILLING_URL/,
  },
  {
    what: 'a port that differs from the registry',
    file: 'k8s/31-billing.yaml',
    from: "value: '8002'",
    to: "value: '8012'",
    says: /^k8s\/31-billing\.yaml:\d+ PORT must be 8002/,
  },
  {
    what: 'a Service at another port',
    file: 'k8s/31-billing.yaml',
    from: 'port: 8002\n      targetPort: http',
    to: 'port: 80\n      targetPort: http',
    says: /^k8s\/31-billing\.yaml:\d+ the port must be 8002/,
  },
  {
    what: 'a Service whose selector finds nobody',
    file: 'k8s/32-user.yaml',
    from: '  selector:\n    app.kubernetes.io/name: user\n',
    to: '  selector:\n    app.kubernetes.io/name: users\n',
    says: /^k8s\/32-user\.yaml:\d+ the Service user selects no pod of user/,
  },
  {
    what: 'a Service whose selector finds others, too',
    file: 'k8s/32-user.yaml',
    from: '  selector:\n    app.kubernetes.io/name: user\n',
    to: '  selector:\n    app.kubernetes.io/part-of: orderly\n',
    says: /^k8s\/32-user\.yaml:\d+ the Service user also selects pods of .*postgres/,
  },
  {
    what: 'a disruption budget for somebody else',
    file: 'k8s/33-order.yaml',
    from: '  maxUnavailable: 1\n  selector:\n    matchLabels:\n      app.kubernetes.io/name: order',
    to: '  maxUnavailable: 1\n  selector:\n    matchLabels:\n      app.kubernetes.io/name: user',
    says: /^k8s\/33-order\.yaml:\d+ the PodDisruptionBudget order selects no pod of order/,
  },
  {
    what: 'a probe that asks for nothing there is',
    file: 'k8s/30-notification.yaml',
    from: '{ path: /readyz, port: http }',
    to: '{ path: /ready, port: http }',
    says: /^k8s\/30-notification\.yaml:\d+ the readinessProbe must ask \/readyz/,
  },
  {
    what: 'a gateway that a dead upstream makes unready',
    file: 'k8s/40-gateway.yaml',
    from: 'readinessProbe:\n            httpGet: { path: /healthz',
    to: 'readinessProbe:\n            httpGet: { path: /readyz',
    says: /^k8s\/40-gateway\.yaml:\d+ the readinessProbe must ask \/healthz/,
  },
  {
    what: 'a probe at a port that is not served',
    file: 'k8s/40-gateway.yaml',
    from: 'livenessProbe:\n            httpGet: { path: /healthz, port: http }',
    to: 'livenessProbe:\n            httpGet: { path: /healthz, port: admin }',
    says: /^k8s\/40-gateway\.yaml:\d+ the livenessProbe must ask port 8000/,
  },
  {
    what: 'a container that may write to its image',
    file: 'k8s/33-order.yaml',
    from: 'readOnlyRootFilesystem: true',
    to: 'readOnlyRootFilesystem: false',
    says: /^k8s\/33-order\.yaml:\d+ migrate must have a read-only root file system/,
  },
  {
    what: 'a pod that is killed while it drains',
    file: 'k8s/33-order.yaml',
    from: 'terminationGracePeriodSeconds: 30',
    to: 'terminationGracePeriodSeconds: 15',
    says: /^k8s\/33-order\.yaml:\d+ terminationGracePeriodSeconds must be at least 22/,
  },
  {
    what: 'a drain that is shorter than the clients’ connections live',
    file: 'k8s/10-settings.yaml',
    from: "DRAIN_DELAY_MS: '6000'",
    to: "DRAIN_DELAY_MS: '1000'",
    says: /DRAIN_DELAY_MS must be longer than the 5000 ms/,
  },
  {
    what: 'a number of replicas that undoes the autoscaler',
    file: 'k8s/33-order.yaml',
    from: '  revisionHistoryLimit: 3\n',
    to: '  replicas: 2\n  revisionHistoryLimit: 3\n',
    says: /^k8s\/33-order\.yaml:\d+ the autoscaler says how many/,
  },
  {
    what: 'an autoscaler of another Deployment',
    file: 'k8s/33-order.yaml',
    from: 'kind: Deployment\n    name: order',
    to: 'kind: Deployment\n    name: orders',
    says: /^k8s\/33-order\.yaml:\d+ must scale the Deployment order/,
  },
  {
    what: 'a single replica',
    file: 'k8s/33-order.yaml',
    from: 'minReplicas: 2',
    to: 'minReplicas: 1',
    says: /^k8s\/33-order\.yaml:\d+ there must be 2 replicas/,
  },
  {
    what: 'another image than package.json says',
    file: 'k8s/33-order.yaml',
    from: 'image: orderly:',
    to: 'image: orderly:0.',
    says: /^k8s\/33-order\.yaml:\d+ the image must be orderly:/,
  },
  {
    what: 'migrations of another service',
    file: 'k8s/33-order.yaml',
    from: 'args: [migrate, order]',
    to: 'args: [migrate, user]',
    says: /^k8s\/33-order\.yaml:\d+ must migrate order/,
  },
  {
    what: 'a password that does not exist',
    file: 'k8s/11-passwords.yaml',
    from: '  billing: ',
    to: '  bill: ',
    says: /^k8s\/31-billing\.yaml:\d+ Secret database-passwords has no billing/,
  },
  {
    what: 'a password that nobody reads',
    file: 'k8s/11-passwords.yaml',
    from: '  billing: ',
    to: '  extra: ZXh0cmE=\n  billing: ',
    says: /^k8s\/11-passwords\.yaml:\d+ nobody reads extra/,
  },
  {
    what: 'another service’s database',
    file: 'k8s/32-user.yaml',
    from: '$(DATABASE_ADDRESS)/user',
    to: '$(DATABASE_ADDRESS)/billing',
    says: /^k8s\/32-user\.yaml:\d+ DATABASE_URL must name a role user_… and the database user/,
  },
  {
    what: 'a service that works as the owner of its tables',
    file: 'k8s/11-passwords.yaml',
    from: 'user-service-role: dXNlcl9zZXJ2aWNl',
    to: 'user-service-role: dXNlcg==',
    says: /^k8s\/32-user\.yaml:\d+ DATABASE_URL must name a role user_…/,
  },
  {
    what: 'migrations by another role than the owner',
    file: 'k8s/32-user.yaml',
    from: 'postgres://user:$(OWNER_PASSWORD)',
    to: 'postgres://$(DATABASE_ROLE):$(OWNER_PASSWORD)',
    says: /^k8s\/32-user\.yaml:\d+ OWNER_DATABASE_URL must name user and the database user/,
  },
  {
    what: 'a Secret that every apply changes',
    file: 'k8s/11-passwords.yaml',
    from: 'type: Opaque\n',
    to: 'type: Opaque\nstringData:\n  more: x\n',
    says: /^k8s\/11-passwords\.yaml:\d+ use data/,
  },
  {
    what: 'a password file that is not in the Secret',
    file: 'k8s/20-postgres.yaml',
    from: 'cat /passwords/order-service`',
    to: 'cat /passwords/orders-service`',
    says: /^k8s\/20-postgres\.yaml:\d+ database-passwords has no orders-service/,
  },
  {
    what: 'a Postgres that is killed while it recovers',
    file: 'k8s/20-postgres.yaml',
    from: 'failureThreshold: 1800',
    to: 'failureThreshold: 60',
    says: /^k8s\/20-postgres\.yaml:\d+ Postgres must have 3600 s to recover/,
  },
  {
    what: 'a hook that gives up on a Postgres that recovers',
    file: 'k8s/20-postgres.yaml',
    from: '          startupProbe:',
    to: '          lifecycle:\n            postStart: { exec: { command: [bash, /provisioning/provision.sh] } }\n          startupProbe:',
    says: /^k8s\/20-postgres\.yaml:\d+ the startup probe alone decides/,
  },
  {
    what: 'a liveness probe that a recovering Postgres fails',
    file: 'k8s/20-postgres.yaml',
    from: 'tcpSocket:\n              port: postgres',
    to: 'exec:\n              command: [pg_isready]',
    says: /^k8s\/20-postgres\.yaml:\d+ the livenessProbe must be content/,
  },
  {
    what: 'an administrator whom every pod reaches',
    file: 'k8s/20-postgres.yaml',
    from: '    host  all postgres all reject\n',
    to: '',
    says: /^k8s\/20-postgres\.yaml:\d+ the first host line must be `host all postgres all reject`/,
  },
  {
    what: 'rules for who may connect that nobody reads',
    file: 'k8s/20-postgres.yaml',
    from: '            - hba_file=/provisioning/pg_hba.conf\n',
    to: '            - hba_file=/provisioning/hba.conf\n',
    says: /^k8s\/20-postgres\.yaml:\d+ hba_file must be/,
  },
  {
    what: 'logs of the migrations where those of the service are asked for',
    file: 'k8s/33-order.yaml',
    from: 'kubectl.kubernetes.io/default-container: order',
    to: 'kubectl.kubernetes.io/default-container: migrate',
    says: /^k8s\/33-order\.yaml:\d+ order must be the default container/,
  },
  {
    what: 'a Postgres that is not there',
    file: 'k8s/10-settings.yaml',
    from: 'DATABASE_ADDRESS: postgres:5432',
    to: 'DATABASE_ADDRESS: postgres:5433',
    says: /DATABASE_URL leads to postgres:5433, which no Service is/,
  },
  {
    what: 'a ConfigMap that is not there',
    file: 'k8s/20-postgres.yaml',
    from: 'configMap:\n            name: postgres-provisioning',
    to: 'configMap:\n            name: postgres-setup',
    says: /^k8s\/20-postgres\.yaml:\d+ there is no ConfigMap postgres-setup/,
  },
  {
    what: 'something outside the namespace',
    file: 'k8s/50-ingress.yaml',
    from: 'namespace: arch-homework',
    to: 'namespace: default',
    says: /^k8s\/50-ingress\.yaml:\d+ Ingress gateway must be in the namespace/,
  },
  {
    what: 'a service that the ingress shows by mistake',
    file: 'k8s/50-ingress.yaml',
    from: 'service:\n                name: gateway',
    to: 'service:\n                name: billing',
    says: /^k8s\/50-ingress\.yaml:\d+ only the gateway is public/,
  },
  {
    what: 'an ingress that only one controller understands',
    file: 'k8s/50-ingress.yaml',
    from: '  labels:\n',
    to: '  annotations:\n    nginx.ingress.kubernetes.io/rewrite-target: /\n  labels:\n',
    says: /^k8s\/50-ingress\.yaml:\d+ must work with every ingress controller/,
  },
  {
    what: 'another host name',
    file: 'k8s/gateway-api/httproute.yaml',
    from: '- arch.homework',
    to: '- example.com',
    says: /^k8s\/gateway-api\/httproute\.yaml:\d+ the host must be arch\.homework/,
  },
  {
    what: 'a gateway that does not know the name by which it is called',
    file: 'k8s/40-gateway.yaml',
    from: 'value: arch.homework,gateway',
    to: 'value: example.com,gateway',
    says: /^k8s\/40-gateway\.yaml:\d+ PUBLIC_HOSTS must name arch\.homework/,
  },
  {
    what: 'a call that the registry does not allow',
    file: 'k8s/31-billing.yaml',
    from: '    - from:\n        - podSelector: { matchLabels: { app.kubernetes.io/name: user } }',
    to: '    - from:\n        - podSelector: { matchLabels: { app.kubernetes.io/name: notification } }\n        - podSelector: { matchLabels: { app.kubernetes.io/name: user } }',
    says: /^k8s\/31-billing\.yaml:\d+ allows notification -> billing:8002 \(ingress\)/,
  },
  {
    what: 'a call that no policy lets through',
    file: 'k8s/33-order.yaml',
    from: '        - podSelector: { matchLabels: { app.kubernetes.io/name: billing } }',
    to: '        - podSelector: { matchLabels: { app.kubernetes.io/name: user } }',
    says: /^k8s: no NetworkPolicy allows order -> billing:8002 \(egress\)/,
  },
  {
    what: 'a database that everybody reaches',
    file: 'k8s/20-postgres.yaml',
    from: '    - from:\n',
    to: '    - ports:\n        - { protocol: TCP, port: 5432 }\n    - from:\n',
    says: /^k8s\/20-postgres\.yaml:\d+ allows everybody -> postgres:5432/,
  },
  {
    what: 'a policy that denies one way only',
    file: 'k8s/12-network.yaml',
    from: 'policyTypes: [Ingress, Egress]',
    to: 'policyTypes: [Ingress]',
    says: /^k8s\/12-network\.yaml:\d+ deny-all must deny everything/,
  },
  {
    what: 'DNS by UDP alone',
    file: 'k8s/12-network.yaml',
    from: '        - { protocol: TCP, port: 53 }\n',
    to: '',
    says: /^k8s\/12-network\.yaml:\d+ DNS needs port 53 by UDP and TCP/,
  },
  {
    what: 'more connections than Postgres has',
    file: 'k8s/31-billing.yaml',
    from: 'maxReplicas: 4',
    to: 'maxReplicas: 5',
    says: /^k8s\/20-postgres\.yaml:\d+ the services may open 204 connections .*billing 60.* 197/,
  },
  {
    what: 'another Postgres than the tested one',
    file: 'k8s/20-postgres.yaml',
    from: 'image: postgres:18',
    to: 'image: postgres:17',
    says: /^k8s\/20-postgres\.yaml:\d+ the image must be postgres:18/,
  },
  {
    what: 'another Node than the tested one',
    file: 'Dockerfile',
    from: 'ARG NODE_VERSION=24',
    to: 'ARG NODE_VERSION=22',
    says: /^Dockerfile: Node is 22/,
  },
  {
    what: 'Node started in another way than the launcher does',
    file: 'Dockerfile',
    from: '"--max-semi-space-size=8", "--v8-pool-size=1", ',
    to: '',
    says: /^Dockerfile: the entry point is \["node", "src\/main\.ts"\]/,
  },
]

describe('the check of the manifests', { timeout: 60_000 }, () => {
  const roots: string[] = []

  const copyManifests = async () => {
    const root = await mkdtemp(join(tmpdir(), 'manifests-'))
    roots.push(root)
    for (const path of ['k8s', 'Dockerfile']) {
      await cp(join(projectRoot, path), join(root, path), { recursive: true })
    }
    return root
  }
  afterAll(() => Promise.all(roots.map((root) => rm(root, { recursive: true, force: true }))))

  const plant = async (root: string, { file, from, to }: Mistake) => {
    const path = join(root, file)
    const right = await readFile(path, 'utf8')
    expect(right, `the place for the mistake in ${file}`).toContain(from)
    await writeFile(path, right.replace(from, to))
    return () => writeFile(path, right)
  }

  it('finds nothing wrong with the manifests as they are', async () => {
    const { count, problems } = await checkManifests(projectRoot)
    expect(problems).toEqual([])
    expect(count).toBeGreaterThan(30)
  })

  describe('against the models of Kubernetes', () => {
    let problems: readonly string[] = []

    // All at once, because the compiler takes a second, and one document's mistakes hide no other's.
    beforeAll(async () => {
      const root = await copyManifests()
      for (const mistake of malformed) await plant(root, mistake)
      problems = (await checkManifests(root)).problems
    })

    it.each(malformed)('names $what', ({ says }) => {
      expect(problems).toContainEqual(expect.stringMatching(says))
    })
  })

  describe('against the registry, the configuration and each other', () => {
    let root = ''
    beforeAll(async () => {
      root = await copyManifests()
    })

    it('finds nothing wrong with the copy as it is', () => {
      expect(checkAgreement(root).problems).toEqual([])
    })

    it.each(disagreeing)('names $what', async (mistake) => {
      const mend = await plant(root, mistake)
      const { problems } = checkAgreement(root)
      await mend()
      expect(problems).toContainEqual(expect.stringMatching(mistake.says))
    })

    it('names a service that has no manifests', async () => {
      const file = join(root, 'k8s/33-order.yaml')
      const text = await readFile(file, 'utf8')
      await rm(file)
      try {
        const { problems } = checkAgreement(root)
        expect(problems).toContain('k8s: there is no Deployment order')
      } finally {
        await writeFile(file, text)
      }
    })
  })

  it('fails the build when a variable is renamed in the code', async () => {
    const copy = await copyProject()
    try {
      for (const path of ['k8s', 'Dockerfile']) {
        await cp(join(projectRoot, path), join(copy.root, path), { recursive: true })
      }
      const path = 'src/platform/base/config.ts'
      const code = await readFile(join(copy.root, path), 'utf8')
      await copy.write(path, code.replaceAll('DATABASE_POOL_SIZE', 'DATABASE_CONNECTIONS'))
      const run = await runTool('node', ['tools/manifests/check.ts'], { cwd: copy.root })
      expect(run.output).toMatch(/33-order\.yaml:\d+ order reads no variable DATABASE_POOL_SIZE/)
      expect(run.exitCode).toBe(1)
    } finally {
      await copy.remove()
    }
  })
})
