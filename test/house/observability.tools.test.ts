import { spawnSync } from 'node:child_process'
import { globSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { servicesWithDatabase } from '../../src/registry.ts'
import { queriesAsked } from '../lab/promql.ts'
import { projectRoot } from '../../tools/run-tool.ts'
import { whenFileEnds } from '../lab/cleanup.ts'
import { startGateway } from '../lab/gateway.ts'
import { needTools } from '../lab/need.ts'
import { startWithDatabase, type ServiceWithDatabase } from '../lab/service.ts'

/** What Prometheus' own tool says of metrics, rules and configuration. */
needTools('promtool')

const promtool = (args: readonly string[], input = '') => {
  const { status, stdout, stderr } = spawnSync('promtool', args, {
    cwd: path.join(projectRoot, 'observability'),
    input,
    encoding: 'utf8',
  })
  return { status, output: `${stdout}${stderr}` }
}

const rulesIn = (pattern: string) =>
  globSync(pattern, { cwd: path.join(projectRoot, 'observability') })

describe('promtool', () => {
  it('finds nothing wrong with the configuration and the rules in it', () => {
    const { status, output } = promtool(['check', 'config', 'prometheus.yml'])
    expect(status, output).toBe(0)
    expect(output).toContain('2 rule files found')
  })

  it('finds that the rules tell what they should, and nothing else', () => {
    const tests = rulesIn('rules/*.test.yml')
    expect(tests).not.toEqual([])
    const { status, output } = promtool(['test', 'rules', ...tests])
    expect(status, output).toBe(0)
  })

  it('can read the query of each panel', async () => {
    const rules = queriesAsked().map(({ expr }, index) => ({ record: `query:${index}`, expr }))
    const groups = [{ name: 'panels', rules }]
    const folder = await mkdtemp(path.join(tmpdir(), 'orderly-queries-'))
    whenFileEnds(() => rm(folder, { recursive: true, force: true }))
    const file = path.join(folder, 'queries.yml')
    await writeFile(file, JSON.stringify({ groups }))
    const { status, output } = promtool(['check', 'rules', file])
    expect(status, output).toBe(0)
  })

  it.each(servicesWithDatabase as ServiceWithDatabase[])(
    'has nothing to say against the metrics of %s',
    async (name) => {
      const { service } = await startWithDatabase(name)
      const { status, output } = promtool(
        ['check', 'metrics'],
        await service.metrics.registry.metrics(),
      )
      expect([status, output]).toEqual([0, ''])
    },
  )

  it('has nothing to say against the metrics of gateway', async () => {
    const { metrics, stop } = await startGateway()
    const { status, output } = promtool(['check', 'metrics'], await metrics.registry.metrics())
    await stop()
    expect([status, output]).toEqual([0, ''])
  })
})
