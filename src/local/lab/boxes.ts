import type { ServiceName } from '../../registry.ts'
import type { Launch, RunningService } from '../launcher/start-databases.ts'
import type { ProcessName } from '../launcher/with-lab.ts'
import type { Box, BoxName, Health } from './state.ts'

const probeTimeoutMs = 1_000

const answers = async (url: string): Promise<boolean> => {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(probeTimeoutMs) })
    await response.arrayBuffer()
    return response.status === 200
  } catch {
    return false
  }
}

/** The gateway is ready only when all others are: whether it works itself is another question. */
const probeOf = (service: ServiceName) => (service === 'gateway' ? '/healthz' : '/readyz')

export type Processes = Pick<Launch, 'plan' | 'services' | 'postgres'>

/** Where each process answers. */
export const addressOf = ({ plan }: Pick<Launch, 'plan'>, name: ProcessName): string => {
  const port = name === 'order-2' ? plan.lab?.secondOrderPort : plan.ports[name]
  return `http://127.0.0.1:${port}`
}

const healthOf = async (
  launch: Processes,
  name: ProcessName,
  running: RunningService,
): Promise<Health> => {
  if (running.pid() === undefined) return 'down'
  if (running.isPaused()) return 'paused'
  if (!running.wasReady()) return 'starting'
  const isAnswering = await answers(`${addressOf(launch, name)}${probeOf(running.service)}`)
  if (isAnswering) return 'ready'
  // It may have been struck while it was asked.
  if (running.pid() === undefined) return 'down'
  return running.isPaused() ? 'paused' : 'waiting'
}

/** What there is of processes, and how they are. Each look asks them. */
export const createBoxes = (launch: Processes) => {
  let boxes: readonly Box[] = []

  const note = (name: BoxName, health: Health, pid: number | undefined): Box => {
    const before = boxes.find((box) => box.name === name)
    const isSame = before?.health === health && before.pid === pid
    const sinceMs = isSame ? before.sinceMs : Date.now()
    return { name, health, sinceMs, ...(pid === undefined ? {} : { pid }) }
  }

  const look = async () => {
    const found = await Promise.all(
      [...launch.services].map(
        async ([name, running]) => [name, await healthOf(launch, name, running), running] as const,
      ),
    )
    const { postgres } = launch
    boxes = [
      note('people', 'ready', undefined),
      ...found.map(([name, health, running]) => note(name, health, running.pid())),
      note('postgres', postgres ? 'ready' : 'down', postgres?.pid),
    ]
  }

  return {
    look,
    list: () => boxes,
    areReady: () => boxes.length > 0 && boxes.every(({ health }) => health === 'ready'),
  }
}

export type Boxes = ReturnType<typeof createBoxes>
