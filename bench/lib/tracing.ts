import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { addRatio, fullLoad, perSecond, takeTurns, type Bench } from './sections.ts'
import type { BenchSystem, BenchSystemOptions } from './system.ts'

type StartSystem = (options: Pick<BenchSystemOptions, 'databases' | 'env'>) => Promise<BenchSystem>

/** Takes what it is sent, and does nothing with it: what a collector does with it is its own cost. */
const startSink = async () => {
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

const samplings = { 'a tenth': '0.1', all: '1' } as const

/** The same load without traces, with a tenth of them, and with all of them. */
export const measureTracing = async (bench: Bench, start: StartSystem) => {
  const { options, rig, system, screen } = bench
  const { seconds, warmUpSeconds, firstWarmUpSeconds, tracingRounds } = options
  const sink = await startSink()
  const systems: Record<string, BenchSystem> = { none: system }
  try {
    for (const [name, ratio] of Object.entries(samplings)) {
      screen.now(`traces: starting a system that tells ${name}`)
      systems[name] = await start({
        databases: system.databases,
        env: {
          OTEL_EXPORTER_OTLP_ENDPOINT: sink.url,
          OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
          OTEL_TRACES_SAMPLER_ARG: ratio,
        },
      })
    }
    const run = (name: string, job = { seconds, warmUpSeconds }) =>
      rig.runSystem(systems[name] as BenchSystem, { clients: fullLoad, ...job })
    for (const name of Object.keys(samplings)) {
      screen.now(`traces: warming up the system that tells ${name}`)
      await run(name, { warmUpSeconds: 0, seconds: firstWarmUpSeconds })
    }
    const taken = await takeTurns(bench, tracingRounds, 'traces', {
      none: () => run('none'),
      'a tenth': () => run('a tenth'),
      all: () => run('all'),
    })
    const below = taken('none', perSecond)
    const compare = (name: string, atLeast?: number) =>
      addRatio(bench, {
        id: `traces-${name.replace(' ', '-')}`,
        what: `orders/s with ${name} of the traces told ÷ none`,
        above: taken(name, perSecond),
        below,
        ...(atLeast === undefined ? { atLeast: 0, isJudged: false } : { atLeast }),
      })
    compare('a tenth', 0.95)
    compare('all')
  } finally {
    for (const [name, each] of Object.entries(systems)) if (name !== 'none') await each.stop()
    sink.close()
  }
}
