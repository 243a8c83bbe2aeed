import { bug } from './mutation.ts'

const address = 'src/platform/http/address.ts'
const server = 'src/platform/http/server.ts'

const rules = 'test/contract/http-rules.test.ts'
const names = 'test/contract/public-hosts.test.ts'

export const httpMutations = [
  bug(
    'an answer may be kept by whoever passes it on',
    [rules],
    ['src/platform/http/response.ts', "      'cache-control': 'no-store',\n", ''],
  ),
  bug(
    'a service answers to every name',
    [names],
    [server, 'const refusal = fault ?? address.checkHost(request)', 'const refusal = fault'],
  ),
  bug(
    'a name that has one of ours in it is ours',
    [names],
    [address, "name.endsWith('.localhost')", "name.includes('localhost')"],
  ),
  bug(
    'the name in a whole address does not count',
    [rules],
    [address, '  request.headers.host = authority\n', ''],
  ),
  bug(
    'probes do not look at Host',
    [rules],
    [
      server,
      "if (fault === undefined && method === 'GET' && probes",
      "if (method === 'GET' && probes",
    ],
  ),
  bug(
    'codings before the chunks are not looked at',
    [rules],
    [
      address,
      "if (coding.toLowerCase() === 'chunked') return undefined",
      "if (coding.toLowerCase().endsWith('chunked')) return undefined",
    ],
  ),
  bug(
    'what comes behind a refused request is a request',
    [rules],
    [address, '      closing.add(request.socket)\n', ''],
  ),
  bug(
    'one origin that may read answers lets all others do so',
    ['test/contract/cors.test.ts'],
    [
      'src/platform/http/cors.ts',
      'if (origin === undefined || !allowed.has(origin)) return false',
      'if (origin === undefined) return false',
    ],
  ),
  bug(
    'a path that others may read as another one is passed on',
    ['test/contract/gateway-routes.test.ts'],
    [
      'src/services/gateway/routes.ts',
      ', (segment) => parameter.test(segment))',
      ', (segment) => segment.length > 0)',
    ],
  ),
  bug(
    'a parameter is preferred to a word',
    ['src/platform/http/routes.test.ts'],
    [
      'src/platform/http/routes.ts',
      'addresses.toSorted(bySpecificity)',
      'addresses.toSorted(bySpecificity).toReversed()',
    ],
  ),
  bug(
    'a page that could not be read once is never read again',
    ['src/services/gateway/static-files.test.ts'],
    [
      'src/services/gateway/static-files.ts',
      'loaded ??= prepare().catch(forget)',
      'loaded ??= prepare()',
    ],
  ),
]
