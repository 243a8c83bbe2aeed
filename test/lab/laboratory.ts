import type {
  Box,
  BoxName,
  LabState,
  Scene,
  SceneRun,
  Switch,
  SwitchId,
} from '../../src/local/lab/state.ts'
import { serviceNames } from '../../src/registry.ts'
import type { Launcher } from './launcher.ts'
import { eventually } from './wait.ts'

/** What the page of the lab does, by its requests. */
export const openLaboratory = (launcher: Launcher) => {
  const address = `http://127.0.0.1:${new URL(launcher.addressOf('lab')).port}`

  const ask = async <Body>(method: string, path: string, body?: unknown): Promise<Body> => {
    const response = await fetch(address + path, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${path} was answered ${response.status}: ${text}`)
    return (text === '' ? undefined : JSON.parse(text)) as Body
  }
  const state = () => ask<LabState>('GET', '/lab/state')
  const boxIn = ({ boxes }: LabState, name: BoxName): Box => {
    const box = boxes.find((each) => each.name === name)
    if (box === undefined) throw new Error(`the lab shows no ${name}`)
    return box
  }

  return {
    address,
    ask,
    state,
    box: async (name: BoxName) => boxIn(await state(), name),
    /** Waits until it is so, and returns the box. */
    becomes: (name: BoxName, health: Box['health'], withinMs = 20_000) =>
      eventually(
        async () => {
          const box = boxIn(await state(), name)
          if (box.health !== health) throw new Error(`${name} is ${box.health}`)
          return box
        },
        { withinMs },
      ),
    switch: async (id: SwitchId): Promise<Switch> => {
      const found = (await state()).switches.find((each) => each.id === id)
      if (found === undefined) throw new Error(`the lab has no switch ${id}`)
      return found
    },
    turnOn: (id: SwitchId, seconds: number) =>
      ask<Switch>('POST', `/lab/switches/${encodeURIComponent(id)}`, { seconds }),
    turnOff: (id: SwitchId) => ask<Switch>('DELETE', `/lab/switches/${encodeURIComponent(id)}`),
    mend: () => ask<undefined>('POST', '/lab/mend'),
    scenes: () => ask<Scene[]>('GET', '/lab/scenes'),
    /** Everybody is there again, and nothing old waits. */
    isHealed: (withinMs = 30_000) =>
      eventually(
        async () => {
          const { healing, boxes } = await state()
          const open = healing.filter(({ healedAfterMs }) => healedAfterMs === undefined)
          const away = boxes.filter(({ health }) => health !== 'ready')
          if (open.length + away.length > 0) throw new Error(JSON.stringify({ open, away }))
          return healing
        },
        { withinMs },
      ),
    /** Plays a scene to its end. */
    play: async (id: string, withinMs = 90_000): Promise<SceneRun> => {
      await ask('POST', `/lab/tour/${id}`)
      return eventually(
        async () => {
          const { scene } = await state()
          if (scene?.id !== id || scene.isRunning) throw new Error(`${id} is still played`)
          return scene
        },
        { withinMs },
      )
    },
    /** The processes that run, by the name of their box. */
    processes: [...serviceNames, 'order-2'] as const,
  }
}

export type Laboratory = ReturnType<typeof openLaboratory>
