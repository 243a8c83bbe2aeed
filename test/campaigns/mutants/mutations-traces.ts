import { bug } from './mutation.ts'

const trace = 'src/platform/base/trace.ts'
const tracer = 'src/platform/tracing/tracer.ts'
const sagaTraces = 'src/platform/saga/saga-traces.ts'
const callSpans = 'src/platform/calls/call-spans.ts'
const statementSpans = 'src/platform/database/statement-spans.ts'

const oneTrace = 'test/guarantees/one-trace.test.ts'
const tracerTest = 'src/platform/tracing/tracer.test.ts'

export const traceMutations = [
  bug(
    'a row keeps the span of the request that stored it',
    [oneTrace],
    [trace, 'formatTraceparent({ ...place, spanId: place.parentId })', 'formatTraceparent(place)'],
  ),
  bug(
    'a call for a row names its own span as the parent',
    [oneTrace],
    [callSpans, 'if (place.isOfRow !== true) return', 'return'],
  ),
  bug(
    'what a dead process did for a row is not told',
    [oneTrace],
    [sagaTraces, 'new Set([...stored.keys(), ...(here?.keys() ?? [])])', 'new Set(here?.keys())'],
  ),
  bug(
    'a shared call tells only of its first caller',
    [oneTrace],
    [callSpans, '{ ...first, shared: told }', 'first'],
  ),
  bug(
    'a shared statement tells only of its first caller',
    [oneTrace],
    [
      statementSpans,
      'const callers = items.flatMap((item) => asked.get(item) ?? [])',
      'const callers = items.slice(0, 1).flatMap((item) => asked.get(item) ?? [])',
    ],
  ),
  bug(
    'a shared statement of untold traces is told in the trace of whoever is there',
    ['src/platform/database/statement-spans.test.ts'],
    [statementSpans, 'if (callers.length === 0) return work()', ''],
  ),
  bug(
    'what the client does not want to be told is told',
    [oneTrace, tracerTest],
    [
      trace,
      'place === undefined || !place.isSampled) return undefined',
      'place === undefined) return undefined',
    ],
  ),
  bug(
    'whoever goes on with a row whose trace is not told begins another',
    [oneTrace],
    [sagaTraces, 'return inUntoldTrace(row.trace, tracer, work)', 'return work()'],
  ),
  bug(
    'lines of the log do not say which trace they belong to',
    [oneTrace],
    ['src/platform/base/telemetry.ts', 'return { traceId, spanId }', 'return { spanId }'],
    ['src/platform/http/observer.ts', 'traceId: request.trace?.traceId,', ''],
  ),
  bug(
    'all spans wait for the collector, however many',
    [tracerTest],
    [tracer, 'if (waiting >= maxWaiting) {', 'if (waiting < 0) {'],
  ),
  bug(
    'spans that the collector did not take count as delivered',
    [tracerTest],
    [tracer, 'if (isTaken) delivered', 'if (isTaken || true) delivered'],
  ),
  bug(
    'a process that stops waits for its collector',
    [tracerTest],
    [tracer, 'await Promise.race([ended, soon(closeMs)])', 'await ended'],
  ),
]
