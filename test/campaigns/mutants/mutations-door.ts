import type { Mutation } from './mutation.ts'

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
export const doorMutations: readonly Mutation[] = [
  {
    name: 'a place is held until the answer was read',
    edits: [
      {
        file: server,
        search: 'await deps.handle(request, response)',
        replace:
          "const isRead = new Promise((resolve) => response.once('close', resolve))\n      await deps.handle(request, response)\n      await isRead",
      },
    ],
    tests: [door],
  },
  {
    name: 'a place is not given back',
    edits: [{ file: places, search: 'atWork -= 1', replace: 'atWork -= 0' }],
    tests: ['src/platform/http/malformed.test.ts', door],
  },
  {
    name: 'an unread answer stays for ever',
    edits: [{ file: keptBytes, search: 'sinceMs < oldestMs', replace: 'sinceMs < 0' }],
    tests: [door],
  },
  {
    name: 'an answer that was ended counts as read',
    edits: [
      {
        file: pipelines,
        search: 'if (writableEnded && writableLength === 0) return',
        replace: 'if (writableEnded) return',
      },
    ],
    tests: [door],
  },
  {
    name: 'what is kept for clients has no limit',
    edits: [{ file: keptBytes, search: 'if (total > maxBytes) give', replace: 'if (false) give' }],
    tests: [door],
  },
  {
    name: 'what was kept is never given back',
    edits: [
      {
        file: keptBytes,
        search: '    total -= kept.bytes\n',
        replace: '',
      },
    ],
    tests: [door],
  },
  {
    name: 'a body in pieces counts with its bytes alone',
    edits: [{ file: admission, search: 'const pieceBytes = 256', replace: 'const pieceBytes = 0' }],
    tests: [door],
  },
  {
    name: 'all requests of a connection are begun at once',
    edits: [
      {
        file: pipelines,
        search: 'const openPerConnection = 8',
        replace: 'const openPerConnection = 8_000',
      },
    ],
    tests: [door],
  },
  {
    name: 'a request that waited for others is forgotten',
    edits: [{ file: pipelines, search: '    begin(pipeline, next)\n', replace: '' }],
    tests: [door],
  },
  {
    name: 'a thousand requests of one connection may wait',
    edits: [
      {
        file: pipelines,
        search: 'const heldPerConnection = 100',
        replace: 'const heldPerConnection = 100_000',
      },
    ],
    tests: [door],
  },
  {
    name: 'a connection that was paused is not read again',
    edits: [{ file: pipelines, search: '      pipeline.socket.resume()\n', replace: '' }],
    tests: [door],
  },
  {
    name: 'any number of connections may be open',
    edits: [
      {
        file: connections,
        search: 'if (all.size > deps.max) closeLongestQuiet()',
        replace: 'if (all.size > deps.max * 1e6) closeLongestQuiet()',
      },
    ],
    tests: [door],
  },
  {
    name: 'a connection at work is closed when there are too many',
    edits: [
      {
        file: connections,
        search: 'onWork: (socket) => quiet.delete(socket)',
        replace: 'onWork: () => {}',
      },
    ],
    tests: [door],
  },
  {
    name: 'what is no HTTP is answered under a request that is not answered yet',
    edits: [
      {
        file: malformed,
        search: "exchange === 'several' || exchange.request.complete || ",
        replace: "exchange === 'several' || ",
      },
    ],
    tests: ['src/platform/http/malformed.test.ts'],
  },
  {
    name: 'refusals leave no line',
    edits: [
      {
        file: observer,
        search: 'if (refusal) return refusals.record(refusal, entry)',
        replace: 'if (refusal) return',
      },
    ],
    tests: [lines],
  },
  {
    name: 'a drain cuts the connections that are idle for a moment',
    edits: [
      {
        file: server,
        search: 'const quietBeforeEndMs = 500',
        replace: 'const quietBeforeEndMs = 0',
      },
    ],
    tests: [drain],
  },
  {
    name: 'in a drain the first of many answers is said to be the last',
    edits: [
      {
        file: connections,
        search: '[...pipeline.open].at(-1)',
        replace: '[...pipeline.open].at(0)',
      },
    ],
    tests: [drain],
  },
]
