/** Where a committed text and the emitted one part, for a reader who is to mend it. */
export const firstDifference = (expected: string, found: string) => {
  const expectedLines = expected.split('\n')
  const foundLines = found.split('\n')
  const line = expectedLines.findIndex((text, index) => text !== foundLines[index])
  const at = line === -1 ? expectedLines.length : line
  return `line ${at + 1}: committed ${JSON.stringify(foundLines[at] ?? '(end)')}, emitted ${JSON.stringify(expectedLines[at] ?? '(end)')}`
}
