import type { Progress } from './audit.ts'

/** What a stream must be able to do: a terminal, or a file. */
export interface Screen {
  readonly isTTY?: boolean
  readonly write: (text: string) => unknown
}

const width = 30
const redrawEveryMs = 100
const lineEveryMs = 5_000

/** How far it is: a bar on a terminal, and a plain line now and then elsewhere. */
export const createProgress = (screen: Screen, now = () => performance.now()) => {
  const isTerminal = screen.isTTY === true
  let total = 0
  let seen = 0
  let startMs = now()
  let shownMs = now()
  let isDrawn = false

  const erase = () => {
    if (isDrawn) screen.write('\r\u001B[2K')
    isDrawn = false
  }

  const show = () => {
    // The total is what Postgres expects, and may be less than there is.
    const part = Math.min(1, seen / Math.max(total, seen, 1))
    const perSecond = Math.round((seen / Math.max(1, now() - startMs)) * 1_000)
    const text = `${Math.floor(part * 100)} %  ${seen.toLocaleString('en')} rows, ${perSecond.toLocaleString('en')} a second`
    if (!isTerminal) {
      screen.write(`${text}\n`)
      return
    }
    const done = Math.round(part * width)
    screen.write(`\r\u001B[2K[${'#'.repeat(done)}${'.'.repeat(width - done)}] ${text}`)
    isDrawn = true
  }

  const progress: Progress = {
    begin: (totalRows) => {
      total = totalRows
      startMs = now()
    },
    onRows: (rows) => {
      seen += rows
      if (now() - shownMs < (isTerminal ? redrawEveryMs : lineEveryMs)) return
      shownMs = now()
      show()
    },
    say: (line) => {
      erase()
      screen.write(`${line}\n`)
    },
  }
  return { progress, end: erase }
}
