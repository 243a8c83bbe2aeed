import { performance } from 'node:perf_hooks'

/** A stream like process.stdout, or something that collects text in a test. */
export interface Screen {
  write(text: string): unknown
  readonly isTTY?: boolean
}

export interface Paint {
  readonly bold: (text: string) => string
  readonly dim: (text: string) => string
  readonly red: (text: string) => string
  readonly green: (text: string) => string
  readonly yellow: (text: string) => string
  /** One of several colours, always the same for the same number. */
  readonly hue: (index: number, text: string) => string
}

const hues = [36, 35, 34, 32, 33, 96, 95, 94]

/** Uses colour at a terminal, unless the user asked for none (https://no-color.org). */
export const createPaint = (isColoured: boolean): Paint => {
  const code = (on: number, off: number) => (text: string) =>
    isColoured ? `\x1b[${on}m${text}\x1b[${off}m` : text
  return {
    bold: code(1, 22),
    dim: code(2, 22),
    red: code(31, 39),
    green: code(32, 39),
    yellow: code(33, 39),
    hue: (index, text) => code(hues[index % hues.length] as number, 39)(text),
  }
}

export interface Progress {
  /** Shows that work is going on, and then how long it took. */
  step<T>(label: string, work: (detail: (text: string) => void) => Promise<T>): Promise<T>
  /** A line of its own, also while a step is shown. */
  line(text: string): void
}

const labelWidth = 44
const frames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏']
/** Without a terminal, work that takes longer than this is announced by a line. */
const announceAfterMs = 1_500

const duration = (ms: number) => `${(ms / 1000).toFixed(2)} s`.padStart(8)

export const createProgress = (screen: Screen, paint: Paint): Progress => {
  let redraw: (() => void) | undefined
  const clear = () => {
    if (redraw && screen.isTTY) screen.write('\r\x1b[2K')
  }
  const line = (text: string) => {
    clear()
    screen.write(`${text}\n`)
    redraw?.()
  }

  const show = (label: () => string, startMs: number): (() => void) => {
    if (!screen.isTTY) {
      const timer = setTimeout(() => screen.write(`  … ${label()}\n`), announceAfterMs)
      return () => clearTimeout(timer)
    }
    redraw = () => {
      const passedMs = performance.now() - startMs
      const frame = frames[Math.floor(passedMs / 100) % frames.length] as string
      const text = label().padEnd(labelWidth)
      screen.write(`\r\x1b[2K  ${paint.yellow(frame)} ${text}${paint.dim(duration(passedMs))}`)
    }
    redraw()
    const timer = setInterval(redraw, 100)
    return () => {
      clearInterval(timer)
      clear()
      redraw = undefined
    }
  }

  const step = async <T>(
    label: string,
    work: (detail: (text: string) => void) => Promise<T>,
  ): Promise<T> => {
    const startMs = performance.now()
    let shown = label
    const hide = show(() => shown, startMs)
    try {
      const result = await work((text) => {
        shown = `${label}: ${text}`
      })
      hide()
      const passed = duration(performance.now() - startMs)
      line(`  ${paint.green('✓')} ${shown.padEnd(labelWidth)}${paint.dim(passed)}`)
      return result
    } catch (error) {
      hide()
      line(`  ${paint.red('✗')} ${shown}`)
      throw error
    }
  }
  return { step, line }
}
