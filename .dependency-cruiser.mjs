import { registry, serviceNames } from './src/registry.ts'

/**
 * Who may import whom. Whom a service may call is read from the registry, so
 * that the rule, the configuration and the network policies cannot disagree.
 */
const tests = '^test/|[.]test[.]ts$'
const npm = (...names) => `(^|/)node_modules/(${names.join('|')})/`
const sqlFiles = '^src/services/[^/]+/(schema|statements|store[^/]*)([.]ts$|/)'
const sqlPackages = npm('drizzle-orm', 'drizzle-kit', 'postgres')

/** The gateway passes requests on without looking into them: it needs addresses, not clients. */
const clientsOf = (service) => (service === 'gateway' ? [] : registry[service].upstreams)

const callsOnlyItsUpstreams = serviceNames.map((service) => {
  const allowed = clientsOf(service)
  return {
    name: `${service}-calls-only-its-upstreams`,
    comment: `${service} may call ${allowed.join(' and ') || 'nobody'}, through whatever files; see src/registry.ts`,
    severity: 'error',
    from: { path: `^src/services/${service}/`, pathNot: tests },
    to: {
      path: '^src/clients/generated/',
      ...(allowed.length > 0
        ? { pathNot: `^src/clients/generated/(${allowed.join('|')})[.]ts$` }
        : {}),
      reachable: true,
    },
  }
})

const forbidden = [
  ...callsOnlyItsUpstreams,
  {
    name: 'services-stay-apart',
    comment: 'a service knows another one only through its contract',
    severity: 'error',
    from: { path: '^src/services/([^/]+)/' },
    to: { path: '^src/services/', pathNot: '^src/services/$1/' },
  },
  {
    name: 'services-import-little',
    comment: 'a service stands on itself, the platform, its clients and the registry',
    severity: 'error',
    from: { path: '^src/services/', pathNot: tests },
    to: { path: '^src/', pathNot: '^src/(services|platform|clients)/|^src/registry[.]ts$' },
  },
  {
    name: 'contract-knows-no-sql',
    comment: 'a contract must be loadable without a database, through however many files',
    severity: 'error',
    from: { path: '^src/services/[^/]+/contract[^/]*[.]ts$', pathNot: tests },
    to: {
      path: `${sqlPackages}|${sqlFiles}|^src/platform/(db[^/]*|migrate)[.]ts$`,
      reachable: true,
    },
  },
  {
    name: 'contract-knows-no-handler',
    severity: 'error',
    from: { path: '^src/services/[^/]+/contract[^/]*[.]ts$', pathNot: tests },
    to: { path: '^src/services/[^/]+/(app|workflow|service|main)[^/]*[.]ts$|^src/clients/' },
  },
  {
    name: 'app-knows-no-sql',
    comment: 'handlers validate, call the store and map; every statement is in the store',
    severity: 'error',
    from: { path: '^src/services/[^/]+/app[^/]*[.]ts$', pathNot: tests },
    to: { path: `${sqlPackages}|^src/services/[^/]+/(schema|statements)[.]ts$` },
  },
  {
    name: 'store-knows-no-http',
    severity: 'error',
    from: { path: '^src/services/[^/]+/store([./]|-[^/]*[.])', pathNot: tests },
    to: {
      path: `${npm('undici', 'hono', '@hono/[^/]+')}|^src/clients/|^src/platform/http[^/]*[.]ts$|^src/services/[^/]+/app[^/]*[.]ts$`,
    },
  },
  {
    name: 'platform-knows-no-service',
    severity: 'error',
    from: { path: '^src/platform/', pathNot: tests },
    to: { path: '^src/(services|clients|dev)/' },
  },
  {
    name: 'clients-know-no-service',
    severity: 'error',
    from: { path: '^src/clients/', pathNot: tests },
    to: { path: '^src/', pathNot: '^src/(clients|platform)/' },
  },
  {
    name: 'undici-only-in-the-http-client',
    severity: 'error',
    from: {
      path: '^(src|bench)/',
      pathNot: `^src/platform/http-client[^/]*[.]ts$|^bench/|${tests}`,
    },
    to: { path: npm('undici') },
  },
  {
    name: 'sql-only-in-stores',
    comment: 'drizzle and postgres are for schemas, stores and the platform’s database file',
    severity: 'error',
    from: {
      path: '^(src|[^/]+[.]ts$)',
      pathNot: [
        sqlFiles,
        '^src/platform/(db[^/]*|migrate)[.]ts$',
        '^src/dev/',
        '^drizzle[.]config[.]ts$',
        tests,
      ].join('|'),
    },
    to: { path: sqlPackages },
  },
  {
    name: 'nothing-imports-tests',
    severity: 'error',
    from: { pathNot: tests },
    to: { path: tests },
  },
  {
    name: 'nothing-imports-benches',
    severity: 'error',
    from: { pathNot: '^bench/' },
    to: { path: '^bench/' },
  },
  {
    name: 'dev-stays-out-of-production',
    comment: 'src/dev is not in the image; only the launcher knows it',
    severity: 'error',
    from: { path: '^src/', pathNot: `^src/(dev/|main[.]ts$)|${tests}` },
    to: { path: '^src/dev/' },
  },
  {
    name: 'production-needs-no-dev-dependencies',
    severity: 'error',
    from: { path: '^src/', pathNot: `^src/dev/|${tests}` },
    to: { dependencyTypes: ['npm-dev'] },
  },
  {
    name: 'dependencies-are-declared',
    comment: 'a package that only comes along with another may go with it',
    severity: 'error',
    from: {},
    to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
  },
  {
    name: 'imports-resolve',
    severity: 'error',
    from: {},
    to: { couldNotResolve: true },
  },
  {
    name: 'no-circles',
    severity: 'error',
    from: {},
    to: { circular: true },
  },
]

export default {
  forbidden,
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    // Imports of types count too: a type is knowledge.
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
}
