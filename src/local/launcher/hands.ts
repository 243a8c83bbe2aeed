import type { ChildProcess } from 'node:child_process'

/** What is done to a process on purpose. */
export const createHands = (running: () => ChildProcess | undefined) => {
  let down: PromiseWithResolvers<void> | undefined
  let isRestarted = false
  let isPaused = false
  const signal = (name: NodeJS.Signals) => running()?.kill(name)
  const resume = () => {
    if (isPaused) signal('SIGCONT')
    isPaused = false
  }
  return {
    holdDown: () => {
      down ??= Promise.withResolvers()
      isPaused = false
      signal('SIGKILL')
    },
    letUp: () => {
      down?.resolve()
      down = undefined
    },
    restart: () => {
      resume()
      isRestarted = running() !== undefined
      signal('SIGTERM')
    },
    pause: () => {
      isPaused = signal('SIGSTOP') ?? false
    },
    resume,
    isPaused: () => isPaused,
    mayStart: () => down?.promise,
    /** What was done to the process that has just ended; undefined when it was nothing. */
    takeDeed: (): string | undefined => {
      const wasRestarted = isRestarted
      isRestarted = false
      isPaused = false
      if (down) return 'is kept down'
      return wasRestarted ? 'is started again' : undefined
    },
  }
}
