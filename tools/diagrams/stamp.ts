import { createHash } from 'node:crypto'

/**
 * The first line of a committed SVG tells which text it was drawn from, by which generator, and the
 * hash of its own body. So a changed text, an edited picture and an old generator are found without
 * a browser.
 */
const hash = (text: string) => createHash('sha256').update(text).digest('hex')

const stampPattern = /^<!-- text (\w{64}), picture (\w{64}), drawn by (.+?) -->\n/

export const stamp = (text: string, drawing: string, generator: string): string =>
  `<!-- text ${hash(text)}, picture ${hash(drawing)}, drawn by ${generator} -->\n${drawing}`

/** Returns why the picture is not the one of this text, or undefined when it is. */
export const whyStale = (text: string, svg: string, generator: string): string | undefined => {
  const found = stampPattern.exec(svg)
  if (!found) return 'it carries no stamp'
  const [line, textHash, pictureHash, drawnBy] = found
  if (textHash !== hash(text)) return 'its text was changed after it was drawn'
  if (pictureHash !== hash(svg.slice(line.length))) return 'it was edited by hand'
  if (drawnBy !== generator) return `it was drawn by ${drawnBy}, and now ${generator} draws`
  return undefined
}
