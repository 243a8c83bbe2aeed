import { performance } from 'node:perf_hooks'
import { describe, expect, it } from 'vitest'
import { startCollector, type Manners } from '../../../test/lab/collector.ts'
import { eventually } from '../../../test/lab/wait.ts'
import { readConfig, type TracingConfig } from '../base/config.ts'
import { createLog, createMetrics } from '../base/telemetry.ts'
import { newSpanId, newTraceId, spanTimeMs, type Span } from '../base/trace.ts'
import { createSampling } from './samplers.ts'
import { createTracer } from './tracer.ts'

const config: TracingConfig = { endpoint: '', sampler: 'parentbased_always_on', ratio: 1 }

const openTracer = (endpoint: string) => {
  const metrics = createMetrics('order')
  const log = createLog('order', 'silent')
  const tracer = createTracer({ service: 'order', config: { ...config, endpoint }, log, metrics })
  const countOf = async (name: string) => {
    const text = await metrics.registry.getSingleMetricAsString(name)
    const samples = text.match(/^[a-z_]+\{.*\} \d+$/gm) ?? []
    return samples.reduce((sum, sample) => sum + Number(sample.split(' ').at(-1)), 0)
  }
  return {
    tracer,
    delivered: () => countOf('trace_spans_delivered_total'),
    dropped: () => countOf('trace_spans_dropped_total'),
  }
}

const span = (): Span => ({
  traceId: newTraceId(),
  spanId: newSpanId(),
  parentId: undefined,
  name: 'insert orders',
  kind: 'client',
  startMs: spanTimeMs() - 5,
  endMs: spanTimeMs(),
  attributes: { rows: 3, isFirst: true, what: 'text' },
})

describe('a collector', () => {
  it('gets each span as it was', async () => {
    const collector = await startCollector()
    const { tracer, delivered, dropped } = openTracer(`${collector.url}/v1/traces`)
    const told = span()
    const parentId = newSpanId()
    const place = { traceId: newTraceId(), spanId: newSpanId(), isSampled: true, tracer }
    tracer.add({ ...told, parentId, links: [place], failure: '23505' })
    tracer.add(span())
    await eventually(() => expect(collector.spans).toHaveLength(2))
    const { traceId, spanId, name, attributes } = told
    expect(collector.spans[0]).toMatchObject({ traceId, spanId, name, attributes, parentId })
    expect(collector.spans[0]).toMatchObject({ hasFailed: true, linkedTo: [place.spanId] })
    expect(collector.spans[0]?.startMs).toBeCloseTo(told.startMs, 1)
    expect(collector.spans[0]?.service).toBe('order')
    await eventually(async () => expect(await delivered()).toBe(2))
    expect(await dropped()).toBe(0)
    await tracer.close()
  })

  it.each<Manners | 'is away'>(['hangs', 'fails', 'is away'])(
    'that %s holds nobody up, and what is given up is counted',
    async (manners) => {
      const collector = await startCollector()
      if (manners === 'is away') collector.close()
      else collector.behave(manners)
      const { tracer, delivered, dropped } = openTracer(`${collector.url}/v1/traces`)
      const startedAtMs = performance.now()
      for (let count = 0; count < 10_000; count += 1) tracer.add(span())
      expect(performance.now() - startedAtMs).toBeLessThan(2_000)
      // So much is kept, and not more.
      expect(await dropped()).toBeGreaterThanOrEqual(10_000 - 2_048)
      await tracer.close()
      expect(performance.now() - startedAtMs).toBeLessThan(4_000)
      expect(await delivered()).toBe(0)
      expect(await dropped()).toBe(10_000)
    },
  )
})

it('a process that stops hands over what it has, and waits for the collector a moment only', async () => {
  const collector = await startCollector()
  const [quick, slow] = [0, 1].map(() => openTracer(`${collector.url}/v1/traces`))
  for (let count = 0; count < 600; count += 1) quick?.tracer.add(span())
  await quick?.tracer.close()
  expect(collector.spans).toHaveLength(600)
  collector.behave('hangs')
  const startedAtMs = performance.now()
  slow?.tracer.add(span())
  await slow?.tracer.close()
  expect(performance.now() - startedAtMs).toBeLessThan(3_000)
  expect(await slow?.dropped()).toBe(1)
})

describe('which traces are told', () => {
  const shareOf = (sampler: string, ratio: number, isSampled?: boolean) => {
    const samples = createSampling({ ...config, sampler, ratio })
    const spanId = newSpanId()
    const told = Array.from({ length: 1_000 }, () => {
      const traceId = newTraceId()
      return samples(traceId, isSampled === undefined ? undefined : { traceId, spanId, isSampled })
    })
    return told.filter(Boolean).length / told.length
  }

  it('is as the sampler says', () => {
    expect(shareOf('parentbased_always_on', 1)).toBe(1)
    expect(shareOf('parentbased_always_on', 1, false)).toBe(0)
    expect(shareOf('always_on', 1, false)).toBe(1)
    expect(shareOf('always_off', 1, true)).toBe(0)
    expect(shareOf('parentbased_always_off', 1, true)).toBe(1)
    expect(shareOf('parentbased_traceidratio', 0.1)).toBeCloseTo(0.1, 1)
    expect(shareOf('parentbased_traceidratio', 0.1, true)).toBe(1)
    expect(shareOf('traceidratio', 0.1, true)).toBeCloseTo(0.1, 1)
  })

  it('is the same in every process that is asked about a trace', () => {
    const [one, other] = [0, 1].map(() =>
      createSampling({ ...config, sampler: 'traceidratio', ratio: 0.5 }),
    )
    const traces = Array.from({ length: 200 }, newTraceId)
    expect(traces.map((id) => one?.(id, undefined))).toEqual(
      traces.map((id) => other?.(id, undefined)),
    )
  })
})

describe('the settings', () => {
  const tracingOf = (environment: Record<string, string>) =>
    readConfig('gateway', environment).tracing

  it('are those of OpenTelemetry', () => {
    expect(tracingOf({})).toBeUndefined()
    expect(tracingOf({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://localhost:4318/' })).toEqual({
      endpoint: 'http://localhost:4318/v1/traces',
      sampler: 'parentbased_always_on',
      ratio: 1,
    })
    const whole = { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://localhost:4318/traces' }
    const sampler = { OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.25' }
    expect(tracingOf({ ...whole, ...sampler })).toEqual({
      endpoint: 'http://localhost:4318/traces',
      sampler: 'traceidratio',
      ratio: 0.25,
    })
  })

  it.each([
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'localhost:4318' }, /http:\/\//],
    [{ OTEL_TRACES_SAMPLER: 'sometimes' }, /OTEL_TRACES_SAMPLER/],
    [{ OTEL_TRACES_SAMPLER_ARG: '10%' }, /number from 0 to 1/],
  ])('that are wrong are named: %j', (environment, complaint) => {
    expect(() => tracingOf(environment)).toThrow(complaint)
  })
})
