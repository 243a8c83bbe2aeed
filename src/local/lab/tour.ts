import { ProblemError } from '../../platform/base/errors.ts'
import type { Scene, SceneRun } from './state.ts'
import { scripts, type Script } from './scenes.ts'
import { createStage, type SceneDeps } from './stage.ts'

const toScene = ({ id, title, watch, whySafe, guarantee }: Script): Scene => ({
  id,
  title,
  watch,
  whySafe,
  guarantee,
})

/** Plays one scene at a time. */
export const createTour = (deps: SceneDeps) => {
  let run: SceneRun | undefined
  let playing: { readonly over: Promise<void>; readonly stop: AbortController } | undefined

  const change = (changes: Partial<SceneRun>) => {
    if (run) run = { ...run, ...changes }
  }
  const changeStep = (index: number, state: SceneRun['steps'][number]['state']) =>
    change({
      steps: run?.steps.map((step, at) => (at === index ? { ...step, state } : step)) ?? [],
    })

  const play = async ({ steps }: Script, stop: AbortController) => {
    const stage = createStage({
      ...deps,
      signal: AbortSignal.any([deps.signal, stop.signal]),
      onOrder: (order) => change({ order, timeline: order['timeline'] }),
    })
    let index = 0
    // Whoever stops a scene does not wait for what it waits for.
    const stopped = new Promise<never>((_, reject) => {
      stop.signal.addEventListener('abort', () => reject(stop.signal.reason as Error))
    })
    stopped.catch(() => {})
    try {
      for (const { act } of steps) {
        changeStep(index, 'now')
        await Promise.race([act(stage), stopped])
        changeStep(index, 'done')
        index += 1
      }
      change(await stage.judge())
    } catch (error) {
      changeStep(index, 'failed')
      const result = stop.signal.aborted ? 'It was stopped.' : (error as Error).message
      change({ result, isAsPromised: false })
    } finally {
      stage.leave()
      change({ isRunning: false })
      playing = undefined
    }
  }

  const stop = async () => {
    playing?.stop.abort()
    await playing?.over
  }

  return {
    scenes: scripts.map(toScene) as readonly Scene[],
    begin: (id: string): SceneRun => {
      const script = scripts.find((each) => each.id === id)
      if (script === undefined) throw new ProblemError('not-found', `There is no scene ${id}.`)
      if (playing) throw new ProblemError('work-in-progress', 'Another scene is being played.')
      run = {
        id,
        isRunning: true,
        steps: script.steps.map(({ text }) => ({ text, state: 'to come' })),
      }
      const stopping = new AbortController()
      playing = { over: play(script, stopping), stop: stopping }
      return run
    },
    stop,
    isRunning: () => run?.isRunning ?? false,
    tell: () => run,
  }
}

export type Tour = ReturnType<typeof createTour>
