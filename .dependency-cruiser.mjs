import { registry, serviceNames } from './src/registry.ts'

/**
 * Who may import whom. Whom a service may call is read from the registry, so
 * that the rule, the configuration and the network policies cannot disagree.
 */
const tests = '^test/|[.]test[.]ts$'
const npm = (...names) => `(^|/)node_modules/(${names.join('|')})/`
const sqlFiles = '^src/services/[^/]+/(schema|store[^/]*)([.]ts$|/)'
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

/** Which rooms of the platform each of them stands on; what is above the rooms puts them together. */
const standsOn = {
  base: [],
  calls: ['base'],
  database: ['base'],
  http: ['base', 'calls', 'database'],
  saga: ['base', 'calls', 'database'],
  access: ['base', 'calls', 'database', 'http'],
  tracing: ['base'],
}

const roomsOfThePlatform = Object.entries(standsOn).map(([room, below]) => ({
  name: `platform-${room}-stands-on-what-is-below`,
  comment: `${room} stands on ${below.join(', ') || 'nothing but the registry'}`,
  severity: 'error',
  from: { path: `^src/platform/${room}/`, pathNot: tests },
  to: {
    path: '^src/',
    pathNot: `^src/registry[.]ts$|^src/platform/(${[room, ...below].join('|')})/`,
  },
}))

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
      path: `${sqlPackages}|${sqlFiles}|^src/platform/(database/|service-database[.]ts$)`,
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
    comment: 'handlers validate, call the store and map; every statement is of the store',
    severity: 'error',
    from: { path: '^src/services/[^/]+/app[^/]*[.]ts$', pathNot: tests },
    to: {
      path: `${sqlPackages}|^src/services/[^/]+/schema[.]ts$|^src/platform/database/statement[.]ts$`,
    },
  },
  {
    name: 'stores-read-no-files',
    comment:
      'platform/database reads the .sql files, so that each has typed columns and a plan test',
    severity: 'error',
    from: { path: `${sqlFiles}|^src/platform/saga/`, pathNot: tests },
    to: { path: '^(node:)?fs(/|$)' },
  },
  {
    name: 'store-knows-no-http',
    severity: 'error',
    from: { path: '^src/services/[^/]+/store([./]|-[^/]*[.])', pathNot: tests },
    to: {
      path: `${npm('undici', 'hono', '@hono/[^/]+')}|^src/clients/|^src/platform/(http|calls)/|^src/services/[^/]+/app[^/]*[.]ts$`,
    },
  },
  {
    name: 'platform-knows-no-service',
    severity: 'error',
    from: { path: '^src/platform/', pathNot: tests },
    to: { path: '^src/(services|clients)/' },
  },
  ...roomsOfThePlatform,
  {
    name: 'audit-stands-alone',
    comment:
      'it judges the services by their rows alone: code that it shared with them would share their mistakes',
    severity: 'error',
    from: { path: '^src/audit/', pathNot: tests },
    to: { path: '^src/', pathNot: '^src/(audit|platform/base)/|^src/registry[.]ts$' },
  },
  {
    name: 'nothing-stands-on-the-audit',
    severity: 'error',
    from: {
      path: '^(src|tools)/',
      // The lab shows the verdict while things break.
      pathNot: `^src/audit/|^src/local/lab/|^src/command-line[.]ts$|${tests}`,
    },
    to: { path: '^src/audit/' },
  },
  {
    name: 'lab-and-judge-know-no-test',
    comment: 'tests and campaigns stand on them',
    severity: 'error',
    from: { path: '^test/(lab|judge)/' },
    to: { path: '^test/', pathNot: '^test/(lab|judge)/' },
  },
  {
    name: 'clients-know-no-service',
    severity: 'error',
    from: { path: '^src/clients/', pathNot: tests },
    to: { path: '^src/', pathNot: '^src/(clients|platform)/' },
  },
  {
    name: 'undici-only-in-calls',
    severity: 'error',
    from: { path: '^(src|tools)/', pathNot: `^src/platform/calls/|${tests}` },
    to: { path: npm('undici') },
  },
  {
    name: 'tracing-library-only-in-tracing',
    comment: 'it is loaded only when traces are collected; everybody else knows base/trace.ts',
    severity: 'error',
    from: { path: '^(src|tools)/', pathNot: `^src/platform/tracing/|${tests}` },
    to: { path: npm('@opentelemetry') },
  },
  {
    name: 'sql-only-in-stores',
    comment: 'drizzle and postgres are for schemas, stores and what opens or sets up databases',
    severity: 'error',
    from: {
      path: '^(src|tools)/|^[^/]+[.]ts$',
      pathNot: [
        sqlFiles,
        '^src/platform/database/',
        '^src/platform/access/acts-store[.]ts$',
        '^src/audit/databases[.]ts$',
        '^src/local/postgres/',
        '^drizzle[.]config[.]ts$',
        tests,
      ].join('|'),
    },
    to: { path: sqlPackages },
  },
  {
    name: 'nothing-imports-tests',
    comment: 'but the benches, which start what they measure as the tests do',
    severity: 'error',
    from: { pathNot: `^bench/|${tests}` },
    to: { path: tests },
  },
  {
    name: 'benches-import-only-the-lab',
    severity: 'error',
    from: { path: '^bench/' },
    to: { path: tests, pathNot: '^test/lab/' },
  },
  {
    name: 'nothing-imports-benches',
    severity: 'error',
    from: { pathNot: '^bench/' },
    to: { path: '^bench/' },
  },
  {
    name: 'local-stays-out-of-production',
    comment:
      'what makes it run on a laptop is loaded by command-line.ts, and only where no service is named',
    severity: 'error',
    from: { path: '^src/', pathNot: `^src/(local/|command-line[.]ts$)|${tests}` },
    to: { path: '^src/local/' },
  },
  {
    name: 'lab-stays-apart',
    comment: 'it is not in the image, so only the launcher knows that there is one',
    severity: 'error',
    from: {
      path: '^(src|tools|bench)/',
      pathNot: `^src/local/lab/|^src/local/launcher/start-all[.]ts$|${tests}`,
    },
    to: { path: '^src/local/lab/' },
  },
  {
    name: 'lab-is-loaded-on-demand',
    comment: 'who starts without it has nothing of it in memory',
    severity: 'error',
    from: { path: '^src/local/launcher/', pathNot: tests },
    to: { path: '^src/local/lab/', dynamic: false },
  },
  {
    name: 'only-main-loads-services',
    comment: 'each service runs in a process of its own; tests may put several into one',
    severity: 'error',
    from: { path: '^(src|tools|bench)/', pathNot: `^src/(main|command-line)[.]ts$|${tests}` },
    to: { path: '^src/service-loaders[.]ts$' },
  },
  {
    name: 'postgres-knows-no-launcher',
    comment: 'the launcher starts Postgres, never the other way round',
    severity: 'error',
    from: { path: '^src/local/postgres/', pathNot: tests },
    to: { path: '^src/local/launcher/' },
  },
  {
    name: 'tools-stand-on-top',
    comment: 'what people run on the source is not part of what runs',
    severity: 'error',
    from: { path: '^(src|bench)/', pathNot: tests },
    to: { path: '^tools/' },
  },
  {
    name: 'production-needs-no-dev-dependencies',
    severity: 'error',
    from: { path: '^src/', pathNot: `^src/local/|${tests}` },
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
