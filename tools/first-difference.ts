/** A file of one line would fill the screen. */
const widestLine = 160

/** A line as a text; of a long one what is around the place, which both lines share. */
const shown = (line: string | undefined, from: number) => {
  if (line === undefined) return JSON.stringify('(end)')
  if (from === 0 && line.length <= widestLine) return JSON.stringify(line)
  return `${from > 0 ? '…' : ''}${JSON.stringify(line.slice(from, from + widestLine))}…`
}

const firstColumn = (one: string, other: string) => {
  let column = 0
  while (column < one.length && one[column] === other[column]) column += 1
  return column
}

/** Where a committed text and the emitted one part, for a reader who is to mend it. */
export const firstDifference = (expected: string, found: string) => {
  const expectedLines = expected.split('\n')
  const foundLines = found.split('\n')
  const line = expectedLines.findIndex((text, index) => text !== foundLines[index])
  const at = line === -1 ? expectedLines.length : line
  const [emitted, committed] = [expectedLines[at], foundLines[at]]
  const isLong = Math.max(emitted?.length ?? 0, committed?.length ?? 0) > widestLine
  const from = isLong ? Math.max(0, firstColumn(emitted ?? '', committed ?? '') - 40) : 0
  return `line ${at + 1}: committed ${shown(committed, from)}, emitted ${shown(emitted, from)}`
}
