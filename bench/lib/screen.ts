/** One line that changes while the bench works, and lines that stay. */
export interface BenchScreen {
  readonly now: (what: string) => void
  readonly line: (text?: string) => void
  readonly end: () => void
}

const refreshMs = 500

export const createScreen = (stream: NodeJS.WriteStream = process.stdout): BenchScreen => {
  const startedAtMs = performance.now()
  let shown = ''
  const seconds = () => `${Math.round((performance.now() - startedAtMs) / 1_000)} s`.padStart(6)
  const clear = () => {
    if (stream.isTTY) stream.write('\r\x1b[2K')
  }
  const draw = () => {
    if (stream.isTTY && shown !== '') stream.write(`\r\x1b[2K${seconds()}  ${shown}`)
  }
  const timer = setInterval(draw, refreshMs)
  timer.unref()
  return {
    now: (what) => {
      if (what !== shown && !stream.isTTY) stream.write(`${seconds()}  ${what}\n`)
      shown = what
      draw()
    },
    line: (text = '') => {
      clear()
      stream.write(`${text}\n`)
      draw()
    },
    end: () => {
      clear()
      shown = ''
      clearInterval(timer)
    },
  }
}

/** Columns as wide as their content. */
export const tableLines = (rows: readonly (readonly string[])[]): string[] => {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  )
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}
