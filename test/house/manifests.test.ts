import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { INetworkPolicy, INetworkPolicyPeer } from 'kubernetes-models/networking.k8s.io/v1'
import type { ISecret } from 'kubernetes-models/v1'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseAllDocuments } from 'yaml'
import {
  defaultAdminPort,
  registry,
  serviceNames,
  servicesWithDatabase,
  type ServiceName,
} from '../../src/registry.ts'
import { makeSecrets } from '../../src/cluster/secrets.ts'
import { createCatalog, readManifests, type Manifest } from '../../tools/manifests/documents.ts'
import { generateManifests } from '../../tools/manifests/generate.ts'
import { checkAgreement, checkManifests, manifestDifferences } from '../../tools/manifests/main.ts'
import { createPlan, readPlan, type Plan } from '../../tools/manifests/plan.ts'
import { settings } from '../../tools/manifests/settings.ts'
import { projectRoot, runTool } from '../../tools/run-tool.ts'
import { copyProject } from '../lab/project-copy.ts'

/**
 * Reads a table of mistakes: a file, below it what is replaced by what, and below
 * that what must be said, if need be of another file. `¶` is the end of a line.
 */
const parseMistakes = (text: string) => {
  let file = ''
  let change: readonly string[] = []
  return text
    .trim()
    .split('\n')
    .flatMap((line) => {
      if (!line.startsWith(' ')) file = line
      else if (!line.startsWith('    ')) {
        change = line
          .trim()
          .replaceAll('¶', '\n')
          .split(/ →(?: |$)/)
      } else {
        const [from = '', to = ''] = change
        const [, place = file, says = ''] = /^(?:(k8s\S*): )?(.*)$/.exec(line.trim()) ?? []
        return [{ file, from, to, place, says }]
      }
      return []
    })
}

/** Planted all at once, because the compiler takes a second: each is in a document of its own. */
const malformed = parseMistakes(`
k8s/33-order.yaml
  containerPort: 8003 → containerPort: '8003'
    'string' is not assignable to type 'number'
k8s/32-user.yaml
  selector:¶    matchLabels:¶      app.kubernetes.io/name: user¶  template → template
    'selector' is missing
  apiVersion: autoscaling/v2 → apiVersion: autoscaling/v3
    autoscaling/v3
k8s/40-gateway.yaml
  readOnlyRootFilesystem: true → readOnlyRootFileSystem: true
    'readOnlyRootFileSystem' does not exist
k8s/30-notification.yaml
  automountServiceAccountToken: false → runAsNonRoot: true
    'runAsNonRoot' does not exist
k8s/12-network.yaml
  protocol: UDP → protocol: UPD
    UPD
k8s/31-billing.yaml
  minReplicas: 2 → minReplicas: 2.5
    spec.minReplicas: must be integer
k8s/20-postgres.yaml
  memory: 1664Mi → memory: 1 GB
    memory
k8s/10-settings.yaml
  DRAIN_DELAY_MS: '6000' → DRAIN_DELAY_MS: 6000
    'number' is not assignable to type 'string'
k8s/50-ingress.yaml
  name: gateway → name: gateway¶  name: gateway
    Map keys must be unique
k8s/gateway-api/httproute.yaml
  hostnames: → hosts:
    'hosts' does not exist
`)

/** Each pod may have one beside it that is still draining. */
const connectionsWith = (poolSize: number) => {
  const needs = [
    ...servicesWithDatabase.map((name) => [name, 2 * settings[name].maxPods * poolSize] as const),
    // One for each database that is read, and one to write the verdict down.
    ['books', servicesWithDatabase.length + 1] as const,
  ]
  const total = needs.reduce((sum, [, count]) => sum + count, 0)
  return `${total} connections (${needs.map((need) => need.join(' ')).join(', ')})`
}

const disagreeing = parseMistakes(`
k8s/00-namespace.yaml
  name: arch-homework → name: homework
    the Namespace arch-homework must come first
k8s/10-settings.yaml
  DRAIN_DELAY_MS: → DRAIN_DELAY_MILLIS:
    order reads no variable DRAIN_DELAY_MILLIS
  LOG_LEVEL: info → LOG_LEVEL: loud
    k8s/32-user.yaml: user: wrong configuration: LOG_LEVEL
  HOST: 0.0.0.0 → HOST: 127.0.0.1
    k8s/32-user.yaml: HOST must be 0.0.0.0
  DRAIN_DELAY_MS: '6000' → DRAIN_DELAY_MS: '1000'
    k8s/40-gateway.yaml: DRAIN_DELAY_MS must be more than 5000
  SHUTDOWN_GRACE_MS: '10000' → SHUTDOWN_GRACE_MS: '20000'
    k8s/33-order.yaml: terminationGracePeriodSeconds must be 32
  name: settings → name: setting
    k8s: there is no ConfigMap settings
  DATABASE_PREPARE: → DATABASE_PREPARED:
    k8s/31-billing.yaml: ConfigMap database-settings has no DATABASE_PREPARE
  STATEMENT_TIMEOUT_MS: '5000' → STATEMENT_TIMEOUT_MS: 5 s
    k8s/31-billing.yaml: billing: wrong configuration: STATEMENT_TIMEOUT_MS
  DATABASE_ADDRESS: postgres:5432 → DATABASE_ADDRESS: postgres:5433
    DATABASE_ADDRESS leads to no Service
  MIGRATION_ADDRESS: postgres:5432 → MIGRATION_ADDRESS: pooler:5432
    MIGRATION_ADDRESS leads to no Service
  DATABASE_POOL_SIZE: '6' → DATABASE_POOL_SIZE: '7'
    k8s/20-postgres.yaml: may open ${connectionsWith(7)}
  PUBLIC_URL: http://arch.homework → PUBLIC_URL: http://example.com
    PUBLIC_URL must lead to arch.homework
  PUBLIC_URL: http → PUBLIC_ADDRESS: http
    user reads no variable PUBLIC_ADDRESS
  PUBLIC_URL: http://arch → PUBLIC_URL: ftp://arch
    k8s/33-order.yaml: order: wrong configuration: PUBLIC_URL
  # ROLES_CLAIM: realm_access.roles → ROLES_CLAIM: realm access
    k8s/31-billing.yaml: billing: wrong configuration: ROLES_CLAIM
  HOST: 0.0.0.0 → HOST: 0.0.0.0¶  DATABASE_URL: postgres://order:kept-here@postgres/order
    this looks like a key or a password
k8s/11-secrets.yaml
  kind: ServiceAccount → kind: Secret
    no Secret belongs into the repository
k8s/32-user.yaml
  name: order-secrets, key: public-keys → name: orders-secrets, key: public-keys
    nobody makes public-keys of the Secret orders-secrets
  name: user-secrets, key: service-key → name: user-secrets, key: key
    k8s: nobody reads service-key of the Secret user-secrets
  name: ORDER_PUBLIC_KEYS → name: BILLING_PUBLIC_KEYS
    user reads no variable BILLING_PUBLIC_KEYS
  name: ORDER_PUBLIC_KEYS → name: ORDER_KEYS
    user: wrong configuration: ORDER_PUBLIC_KEYS is missing
  name: order-secrets, key: public-keys → name: order-secrets, key: service-key
    user: wrong configuration: ORDER_PUBLIC_KEYS must be one or two
  value: '60' → value: many
    user: wrong configuration: SIGN_UPS_PER_HOUR
  valueFrom: { secretKeyRef: { name: user-secrets, key: service-key } } → value: MC4CAQAwBQYDK2VwBCIEIA
    this looks like a key or a password
  valueFrom: { secretKeyRef: { name: user-secrets, key: password } } → value: secret
    DATABASE_PASSWORD must come from a Secret
k8s/12-network.yaml
  policyTypes: [Ingress, Egress] → policyTypes: [Ingress]
    must be {"podSelector":{},"policyTypes":["Ingress","Egress"]}
  - { protocol: TCP, port: 53 } →
    must be {"podSelector":{"matchExpressions"
  values: [postgres] → values: [postgres, user]
    must be {"podSelector":{"matchExpressions"
  name: allow-dns → name: allow-all
    opens what the registry does not
k8s/20-postgres.yaml
  - from: → - ports: [{ protocol: TCP, port: 5432 }]¶    - from:
    must be {"podSelector":{"matchLabels":{"app.kubernetes.io/name":"postgres"}}
  max_connections= → max_connections=100 #
    may open ${connectionsWith(6)}, and Postgres has 97
  image: postgres:18 → image: postgres:17
    the image must be postgres:18
  cat /passwords/:service/role → cat /passwords/:service/rolle
    there is no file /passwords/identity/rolle
  path: order/password → path: orders/password
    there is no file /passwords/order/password
  \\set service identity¶    \\ir service.sql →
    the database of identity is not made
  key: owner-password, path: user → key: owner, path: user
    nobody makes owner of the Secret user-secrets
  name: postgres-secrets → name: postgres-secret
    nobody makes administrator-password of the Secret postgres-secret
  failureThreshold: 1800 → failureThreshold: 60
    Postgres must have 3600 s to recover
  startupProbe: → lifecycle: { postStart: { sleep: { seconds: 1 } } }¶          startupProbe:
    the startup probe alone decides
  tcpSocket: → httpGet:
    the livenessProbe must be content
  host  all postgres all reject → host  all postgres all trust
    the first host line must be "host all postgres all reject"
  hba_file=/provisioning/pg_hba.conf → hba_file=/provisioning/hba.conf
    hba_file must be
  configMap:¶            name: postgres-provisioning → configMap:¶            name: postgres-setup
    k8s: there is no ConfigMap postgres-setup
  name: shared-memory → name: shared
    mounts shared, which is no volume
  selector:¶    app.kubernetes.io/name: postgres → selector:¶    app.kubernetes.io/part-of: orderly
    must be {"selector":{"app.kubernetes.io/name":"postgres"}
  matchLabels: → matchLabels:¶      more: x
    must select its own pods only
  labels:¶        app.kubernetes.io/name: postgres → labels:¶        app.kubernetes.io/name: database
    must be named postgres
  kind: StatefulSet → kind: Deployment
    the registry has no service postgres
k8s/50-ingress.yaml
  kind: Ingress → kind: Service
    there is another Service gateway
  namespace: arch-homework → namespace: default
    Ingress gateway must be in the namespace
  name: gateway → name: billing
    opens what the registry does not
  name: gateway¶                port → name: billing¶                port
    must be {"rules":[{"host":"arch.homework"
  labels: → annotations: { nginx.ingress.kubernetes.io/rewrite-target: / }¶  labels:
    must work with every controller
  host: arch.homework → host: example.com
    must be {"rules":[{"host":"arch.homework"
  rules: → tls: [{ secretName: arch-homework-tls }]¶  rules:
    k8s/10-settings.yaml: PUBLIC_URL must be https://
k8s/gateway-api/httproute.yaml
  - arch.homework → - example.com
    must be {"hostnames":["arch.homework"]
  kind: HTTPRoute → kind: Route
    k8s: there is no HTTPRoute gateway
Dockerfile
  ARG NODE_VERSION=24 → ARG NODE_VERSION=22
    Node is 22
  MALLOC_TRIM_THRESHOLD_=131072 → MALLOC_TRIM_THRESHOLD_=1
    what the C library is told is MALLOC_MMAP
  EXPOSE 8000 → EXPOSE 8001
    what it listens on is 8001
  "src/main.ts", "warm-up" → "src/main.ts", "help"
    what it is tried with is ["node"
  version="0 → version="9
    the version label is 9
  ENTRYPOINT ["node", "--max-semi-space-size=8", → ENTRYPOINT ["node",
    the entry point is ["node", "--v8-pool-size=1"
`)

describe('the check of the manifests', { timeout: 120_000 }, () => {
  const roots: string[] = []
  afterAll(() => Promise.all(roots.map((root) => rm(root, { recursive: true, force: true }))))

  const scratchFolder = async () => {
    const root = await mkdtemp(join(tmpdir(), 'manifests-'))
    roots.push(root)
    return root
  }
  const copyManifests = async (root: string) => {
    for (const path of ['k8s', 'Dockerfile']) {
      await cp(join(projectRoot, path), join(root, path), { recursive: true })
    }
    return root
  }

  const plant = async (root: string, file: string, from: string, to: string) => {
    const path = join(root, file)
    const right = await readFile(path, 'utf8')
    expect(right, `the place for the mistake in ${file}`).toContain(from)
    const wrong = right.replace(from, () => to)
    await writeFile(path, wrong)
    return () => writeFile(path, right)
  }

  const saidOf = (place: string, problems: readonly string[]) =>
    problems.filter((problem) => problem.startsWith(`${place}:`)).join('\n')

  it('finds nothing wrong with the manifests as they are', async () => {
    expect(manifestDifferences(projectRoot)).toEqual([])
    expect(await checkManifests(projectRoot)).toEqual([])
  })

  describe('against the models of Kubernetes', () => {
    let problems: readonly string[] = []

    beforeAll(async () => {
      const root = await copyManifests(await scratchFolder())
      for (const { file, from, to } of malformed) await plant(root, file, from, to)
      problems = await checkManifests(root)
    })

    it.each(malformed)('$file: $says', ({ place, says }) => {
      expect(saidOf(place, problems)).toContain(says)
    })
  })

  describe('against the registry, the configuration and each other', () => {
    let root = ''
    beforeAll(async () => {
      root = await copyManifests(await scratchFolder())
    })

    it.each(disagreeing)('$file: $says', async ({ file, from, to, place, says }) => {
      const mend = await plant(root, file, from, to)
      const problems = checkAgreement(root)
      await mend()
      expect(saidOf(place, problems)).toContain(says)
    })
  })

  describe('of the generated files', () => {
    const policiesOf = async (plan: Plan) => {
      const folder = await scratchFolder()
      for (const [name, text] of generateManifests(plan)) await writeFile(join(folder, name), text)
      const policies = createCatalog(readManifests(folder).manifests).all('NetworkPolicy')
      return policies.filter(({ name }) => name !== 'make-secrets')
    }

    const nameOf = ({ podSelector, namespaceSelector }: INetworkPolicyPeer) =>
      podSelector?.matchLabels?.['app.kubernetes.io/name'] ??
      namespaceSelector?.matchLabels?.['kubernetes.io/metadata.name'] ??
      'anybody'

    /** The calls that a policy lets through, as `from -> to:port`; a rule without peers is for all. */
    const ingressOf = ({ name, value }: Manifest<INetworkPolicy>) =>
      value.spec?.ingress?.flatMap(({ from = [{}], ports }) =>
        from.map((peer) => `${nameOf(peer)} -> ${name}:${ports?.[0]?.port}`),
      ) ?? []
    const egressOf = ({ name, value }: Manifest<INetworkPolicy>) =>
      value.spec?.egress?.flatMap(({ to = [{}], ports }) =>
        to.map((peer) => `${name} -> ${nameOf(peer)}:${ports?.[0]?.port}`),
      ) ?? []

    const withUpstreams = (name: ServiceName, ...upstreams: ServiceName[]) => ({
      ...registry,
      [name]: { ...registry[name], upstreams },
    })

    const edgesOf = ({ names, upstreamsOf, map }: Plan) =>
      names.flatMap((from) =>
        upstreamsOf(from).map((to) => `${from} -> ${to}:${map[to].defaultPort}`),
      )
    /** All that Prometheus reads, and it alone reads the gateway's. */
    const watching = ({ names, map }: Plan) =>
      names.map((name) => {
        const port = name === 'gateway' ? defaultAdminPort : map[name].defaultPort
        return `monitoring -> ${name}:${port}`
      })
    const others = (name: ServiceName) => serviceNames.filter((other) => other !== name)

    it.each([
      ['as it is', registry],
      ['with another upstream', withUpstreams('user', 'identity', 'billing', 'order')],
      ['with an upstream less', withUpstreams('order', 'billing')],
      ['with a gateway that calls nobody', withUpstreams('gateway')],
    ])('let through what the registry says, on both sides: %s', async (_, map) => {
      const plan = createPlan(map)
      const policies = await policiesOf(plan)
      const keys = others('identity').map((name) => `${name} -> identity:8006`)
      const calls = [...edgesOf(plan), ...keys]
      const stored = [...servicesWithDatabase, 'books'].map((name) => `${name} -> postgres:5432`)
      const entering = [...calls, ...watching(plan), 'anybody -> gateway:8000']
      expect(new Set(policies.flatMap(ingressOf))).toEqual(new Set(entering))
      expect(new Set(policies.flatMap(egressOf))).toEqual(new Set([...calls, ...stored]))
    })

    it('let everybody out to another issuer, and then run no identity', async () => {
      const plan = createPlan(registry, { otherIssuer: { port: 8443 } })
      const policies = await policiesOf(plan)
      const rest = others('identity')
      const edges = edgesOf(plan)
      expect(edges.join()).not.toContain('identity')
      const leaving = [
        ...edges,
        ...rest.filter((name) => name !== 'gateway').map((name) => `${name} -> postgres:5432`),
        ...rest.map((name) => `${name} -> anybody:8443`),
        'books -> postgres:5432',
      ]
      expect(new Set(policies.map(({ name }) => name))).toEqual(new Set([...rest, 'books']))
      expect(new Set(policies.flatMap(egressOf))).toEqual(new Set(leaving))
      const entering = [...edges, ...watching(plan), 'anybody -> gateway:8000']
      expect(new Set(policies.flatMap(ingressOf))).toEqual(new Set(entering))
    })

    it.each([
      ['', 443],
      ['\n  JWKS_URL: http://keycloak.keycloak:8080/realms/shop/certs', 8080],
    ])('follow the one setting that names another issuer%s', async (keys, port) => {
      const root = await copyManifests(await scratchFolder())
      const mark = '  # ISSUER_URL: https://keycloak.example.com/realms/shop'
      const setting = `  ISSUER_URL: https://keycloak.example.com/realms/shop${keys}`
      await plant(root, 'k8s/10-settings.yaml', mark, setting)
      expect(manifestDifferences(root).join('\n')).toContain(
        'k8s/34-identity.yaml is not needed: ISSUER_URL in 10-settings.yaml names another issuer',
      )
      await rm(join(root, 'k8s/34-identity.yaml'))
      const generated = generateManifests(readPlan(root))
      for (const [name, text] of generated) await writeFile(join(root, 'k8s', name), text)
      expect(generated.get('30-notification.yaml')).toContain(`- { protocol: TCP, port: ${port} }`)
      expect(manifestDifferences(root)).toEqual([])
      expect(await checkManifests(root)).toEqual([])
    })

    it.each([
      'OTEL_EXPORTER_OTLP_ENDPOINT: http://collector.observability:4318',
      'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: http://collector.observability:4318/v1/traces',
    ])('open a way to where traces are collected: %s', async (setting) => {
      const root = await copyManifests(await scratchFolder())
      const inFile = '  # OTEL_EXPORTER_OTLP_ENDPOINT: http://collector.observability:4318'
      await plant(root, 'k8s/10-settings.yaml', inFile, `  ${setting}`)
      const generated = generateManifests(readPlan(root))
      for (const [name, text] of generated) await writeFile(join(root, 'k8s', name), text)
      for (const name of ['30-notification.yaml', '34-identity.yaml', '40-gateway.yaml']) {
        expect(generated.get(name)).toContain('- { protocol: TCP, port: 4318 }')
      }
      expect(await checkManifests(root)).toEqual([])
    })

    it('let the job that makes the Secrets see these Secrets only, and change none', async () => {
      const folder = await scratchFolder()
      const text = generateManifests().get('11-secrets.yaml') ?? ''
      await writeFile(join(folder, '11-secrets.yaml'), text)
      const role = readManifests(folder).manifests.find(({ kind }) => kind === 'Role')
      expect(role?.value).toMatchObject({
        rules: [
          { resources: ['secrets'], verbs: ['create'] },
          {
            resources: ['secrets'],
            resourceNames: makeSecrets().map(({ name }) => name),
            verbs: ['get'],
          },
        ],
      })
    })

    it('can be done without that job: its Secrets are printed, all or some of them', async () => {
      const print = (...names: string[]) =>
        runTool('node', ['tools/manifests/secrets.ts', ...names])
      const { output } = await print()
      const printed = parseAllDocuments(output).map((document) => document.toJS() as ISecret)
      const expected = makeSecrets().map(({ name, values }) => [name, Object.keys(values)])
      const found = printed.map(({ metadata, data = {} }) => [metadata?.name, Object.keys(data)])
      expect(found).toEqual(expected)
      expect(printed.map(({ metadata }) => metadata?.namespace)).toEqual(
        printed.map(() => 'arch-homework'),
      )
      expect((await print('order-secrets')).output.match(/^kind: Secret$/gm)).toHaveLength(1)
      const unknown = await print('orders-secrets')
      expect(unknown.output).toContain('there is no Secret orders-secrets; there are')
      expect(unknown.exitCode).toBe(1)
    })

    it('fails the build after an edit by hand or in the code, and says how to mend it', async () => {
      const copy = await copyProject()
      const root = await copyManifests(copy.root)
      roots.push(root)
      const run = (...args: string[]) =>
        runTool('node', ['tools/manifests/main.ts', ...args], { cwd: root })
      await plant(root, 'k8s/33-order.yaml', 'maxReplicas: 4', 'maxReplicas: 40')
      // A list of services in a file that is otherwise written by hand.
      await plant(root, 'k8s/20-postgres.yaml', '\\set service order\n    \\ir service.sql', '')
      const edited = await run('--check')
      expect(edited.output).toMatch(
        /33-order\.yaml differs, line \d+: committed "  maxReplicas: 40"/,
      )
      expect(edited.output).toMatch(/20-postgres\.yaml differs, line \d+/)
      expect(edited.output).toContain('run `npm run manifests`')
      expect(edited.exitCode).toBe(1)
      expect((await run()).exitCode).toBe(0)
      expect(manifestDifferences(root)).toEqual([])

      const path = 'src/platform/base/variables.ts'
      const code = await readFile(join(root, path), 'utf8')
      await copy.write(path, code.replaceAll('DATABASE_POOL_SIZE', 'DATABASE_CONNECTIONS'))
      const renamed = await run('--check')
      expect(renamed.output).toMatch(/order\.yaml:\d+ order reads no variable DATABASE_POOL_SIZE/)
      expect(renamed.exitCode).toBe(1)
    })
  })
})
