import { spawn } from 'node:child_process'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parse, stringify } from 'yaml'
import { freePort } from '../../../src/local/postgres/free-port.ts'
import type { ServiceName } from '../../../src/registry.ts'
import { projectRoot } from '../../../tools/run-tool.ts'
import { janitor } from '../../lab/janitor.ts'

/** A real Prometheus and a real Alertmanager, with the files of observability/. */
export interface Daemon {
  readonly url: string
  readonly stop: () => Promise<void>
}

const readyWithinMs = 20_000

const start = async (program: string, port: number, args: readonly string[]): Promise<Daemon> => {
  let output = ''
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] })
  child.stderr.on('data', (chunk: Buffer) => {
    output = (output + chunk.toString('utf8')).slice(-20_000)
  })
  const ended = new Promise<void>((resolve, reject) => {
    child.once('close', () => resolve())
    child.once('error', reject)
  })
  const forget = janitor().watch('KILL', child.pid ?? 0)
  const stop = async () => {
    child.kill('SIGKILL')
    await ended
    forget()
  }
  const url = `http://127.0.0.1:${port}`
  const giveUpAtMs = performance.now() + readyWithinMs
  const isReady = () =>
    fetch(`${url}/-/ready`).then(
      ({ ok }) => ok,
      () => false,
    )
  while (!(await isReady())) {
    if (child.exitCode !== null || performance.now() > giveUpAtMs) {
      await stop()
      throw new Error(`${program} did not start:\n${output}`)
    }
    await sleep(100)
  }
  return { url, stop }
}

const folderFor = (name: string) => {
  const folder = path.join(janitor().folder, name)
  mkdirSync(folder, { recursive: true })
  return folder
}

/** Sends everything at once, and each alert alone, to the campaign. */
export const startAlertmanager = async (receiverUrl: string): Promise<Daemon> => {
  const folder = folderFor('alertmanager')
  const file = path.join(folder, 'alertmanager.yml')
  const config = {
    route: {
      receiver: 'campaign',
      group_by: ['...'],
      group_wait: '0s',
      group_interval: '1s',
      repeat_interval: '12h',
    },
    receivers: [{ name: 'campaign', webhook_configs: [{ url: receiverUrl, send_resolved: true }] }],
  }
  writeFileSync(file, stringify(config))
  const port = await freePort()
  return start('prometheus-alertmanager', port, [
    `--config.file=${file}`,
    `--storage.path=${folder}`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--cluster.listen-address=',
  ])
}

interface ScrapeConfig {
  readonly scrape_configs: readonly {
    readonly static_configs: { targets: string[]; readonly labels: { readonly service: string } }[]
  }[]
  readonly alerting: {
    readonly alertmanagers: readonly [{ readonly static_configs: readonly [{ targets: string[] }] }]
  }
  rule_files: string[]
}

/** With the configuration of observability/, but for the addresses. */
export const startPrometheus = async (
  metricsAt: (service: ServiceName) => string,
  alertmanager: Daemon,
): Promise<Daemon> => {
  const shipped = path.join(projectRoot, 'observability')
  const config = parse(readFileSync(path.join(shipped, 'prometheus.yml'), 'utf8')) as ScrapeConfig
  const hostOf = (url: string) => new URL(url).host
  for (const { static_configs: targets } of config.scrape_configs) {
    for (const target of targets) {
      target.targets = [hostOf(metricsAt(target.labels.service as ServiceName))]
    }
  }
  config.alerting.alertmanagers[0].static_configs[0].targets = [hostOf(alertmanager.url)]
  config.rule_files = config.rule_files.map((file) => path.join(shipped, file))
  const folder = folderFor('prometheus')
  const file = path.join(folder, 'prometheus.yml')
  writeFileSync(file, stringify(config))
  const port = await freePort()
  return start('prometheus', port, [
    `--config.file=${file}`,
    `--storage.tsdb.path=${path.join(folder, 'data')}`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--log.level=warn',
  ])
}

/** Plays what others send to. Without an answer it says that it cannot. */
export const listen = async (answer: (body: string) => string | undefined): Promise<Daemon> => {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const text = answer(Buffer.concat(chunks).toString('utf8'))
      response.writeHead(text === undefined ? 503 : 200, { 'content-type': 'application/json' })
      response.end(text)
    })
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    stop: async () => {
      server.close()
      server.closeAllConnections()
    },
  }
}
