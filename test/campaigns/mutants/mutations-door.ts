import { bug } from './mutation.ts'

const pipelines = 'src/platform/http/pipelines.ts'
const connections = 'src/platform/http/connections.ts'
const keptBytes = 'src/platform/http/kept-bytes.ts'
const places = 'src/platform/http/places.ts'
const admission = 'src/platform/http/admission.ts'
const malformed = 'src/platform/http/malformed.ts'
const observer = 'src/platform/http/observer.ts'
const server = 'src/platform/http/server.ts'

const door = 'src/platform/http/door.test.ts'
const lines = 'src/platform/http/observer.test.ts'
const drain = 'src/platform/http/drain.test.ts'

/** Bugs in what keeps one client from making the gateway useless for others. */
export const doorMutations = [
  bug(
    'a place is held until the answer was read',
    [door],
    [
      server,
      'await atPlace(request.trace, () => deps.handle(request, response))',
      "const isRead = new Promise((resolve) => response.once('close', resolve))\n      await deps.handle(request, response)\n      await isRead",
    ],
  ),
  bug(
    'a place is not given back',
    ['src/platform/http/malformed.test.ts', door],
    [places, 'atWork -= 1', 'atWork -= 0'],
  ),
  bug('an unread answer stays for ever', [door], [keptBytes, 'sinceMs < oldestMs', 'sinceMs < 0']),
  bug(
    'an answer that was ended counts as read',
    [door],
    [pipelines, 'if (writableEnded && writableLength === 0) return', 'if (writableEnded) return'],
  ),
  bug(
    'what is kept for clients has no limit',
    [door],
    [keptBytes, 'if (total > maxBytes) give', 'if (false) give'],
  ),
  bug('what was kept is never given back', [door], [keptBytes, '    total -= kept.bytes\n', '']),
  bug(
    'a body in pieces counts with its bytes alone',
    [door],
    [admission, 'const pieceBytes = 256', 'const pieceBytes = 0'],
  ),
  bug(
    'all requests of a connection are begun at once',
    [door],
    [pipelines, 'const openPerConnection = 8', 'const openPerConnection = 8_000'],
  ),
  bug(
    'a request that waited for others is forgotten',
    [door],
    [pipelines, '    begin(pipeline, next)\n', ''],
  ),
  bug(
    'a thousand requests of one connection may wait',
    [door],
    [pipelines, 'const heldPerConnection = 100', 'const heldPerConnection = 100_000'],
  ),
  bug(
    'a connection that was paused is not read again',
    [door],
    [pipelines, '      pipeline.socket.resume()\n', ''],
  ),
  bug(
    'any number of connections may be open',
    [door],
    [
      connections,
      'if (all.size > deps.max) closeLongestQuiet()',
      'if (all.size > deps.max * 1e6) closeLongestQuiet()',
    ],
  ),
  bug(
    'a connection at work is closed when there are too many',
    [door],
    [connections, 'onWork: (socket) => quiet.delete(socket)', 'onWork: () => {}'],
  ),
  bug(
    'what is no HTTP is answered under a request that is not answered yet',
    ['src/platform/http/malformed.test.ts'],
    [
      malformed,
      "exchange === 'several' || exchange.request.complete || ",
      "exchange === 'several' || ",
    ],
  ),
  bug(
    'refusals leave no line',
    [lines],
    [observer, 'if (refusal) return refusals.record(refusal, entry)', 'if (refusal) return'],
  ),
  bug(
    'a drain cuts the connections that are idle for a moment',
    [drain],
    [server, 'const quietBeforeEndMs = 500', 'const quietBeforeEndMs = 0'],
  ),
  bug(
    'a drain resets those who have just connected',
    [drain],
    [server, '    await acceptWaiting()\n', ''],
  ),
  bug(
    'in a drain the first of many answers is said to be the last',
    [drain],
    [connections, '[...pipeline.open].at(-1)', '[...pipeline.open].at(0)'],
  ),
]
