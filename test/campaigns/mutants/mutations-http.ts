import type { Mutation } from './mutation.ts'

const address = 'src/platform/http/address.ts'
const server = 'src/platform/http/server.ts'

const rules = 'test/contract/http-rules.test.ts'
const names = 'test/contract/public-hosts.test.ts'

export const httpMutations: readonly Mutation[] = [
  {
    name: 'an answer may be kept by whoever passes it on',
    edits: [
      {
        file: 'src/platform/http/response.ts',
        search: "      'cache-control': 'no-store',\n",
        replace: '',
      },
    ],
    tests: [rules],
  },
  {
    name: 'a service answers to every name',
    edits: [
      {
        file: server,
        search: 'const refusal = fault ?? address.checkHost(request)',
        replace: 'const refusal = fault',
      },
    ],
    tests: [names],
  },
  {
    name: 'a name that has one of ours in it is ours',
    edits: [
      {
        file: address,
        search: "name.endsWith('.localhost')",
        replace: "name.includes('localhost')",
      },
    ],
    tests: [names],
  },
  {
    name: 'the name in a whole address does not count',
    edits: [{ file: address, search: '  request.headers.host = authority\n', replace: '' }],
    tests: [rules],
  },
  {
    name: 'probes do not look at Host',
    edits: [
      {
        file: server,
        search: "if (fault === undefined && method === 'GET' && probes",
        replace: "if (method === 'GET' && probes",
      },
    ],
    tests: [rules],
  },
  {
    name: 'codings before the chunks are not looked at',
    edits: [
      {
        file: address,
        search: "if (coding.toLowerCase() === 'chunked') return undefined",
        replace: "if (coding.toLowerCase().endsWith('chunked')) return undefined",
      },
    ],
    tests: [rules],
  },
  {
    name: 'what comes behind a refused request is a request',
    edits: [{ file: address, search: '      closing.add(request.socket)\n', replace: '' }],
    tests: [rules],
  },
  {
    name: 'one origin that may read answers lets all others do so',
    edits: [
      {
        file: 'src/platform/http/cors.ts',
        search: 'if (origin === undefined || !allowed.has(origin)) return false',
        replace: 'if (origin === undefined) return false',
      },
    ],
    tests: ['test/contract/cors.test.ts'],
  },
  {
    name: 'a path that others may read as another one is passed on',
    edits: [
      {
        file: 'src/services/gateway/routes.ts',
        search: ', (segment) => parameter.test(segment))',
        replace: ', (segment) => segment.length > 0)',
      },
    ],
    tests: ['test/contract/gateway-routes.test.ts'],
  },
  {
    name: 'a parameter is preferred to a word',
    edits: [
      {
        file: 'src/platform/http/routes.ts',
        search: 'addresses.toSorted(bySpecificity)',
        replace: 'addresses.toSorted(bySpecificity).toReversed()',
      },
    ],
    tests: ['src/platform/http/routes.test.ts'],
  },
  {
    name: 'a page that could not be read once is never read again',
    edits: [
      {
        file: 'src/services/gateway/static-files.ts',
        search: 'loaded ??= prepare().catch(forget)',
        replace: 'loaded ??= prepare()',
      },
    ],
    tests: ['src/services/gateway/static-files.test.ts'],
  },
]
