import { allPictures } from '../../tools/diagrams/pictures.ts'

/**
 * Reads a sequence diagram as steps that a test can compare with a run: what is sent, and what is
 * committed. It ignores remarks, colours and the order of participants.
 */
export type Step =
  | {
      readonly kind: 'message'
      readonly from: string
      readonly to: string
      /** `->>` asks, `-->>` answers. With an x the message does not arrive. */
      readonly arrow: string
      readonly says: string
    }
  | { readonly kind: 'commit'; readonly at: string; readonly says: string }

export interface PictureSteps {
  /** The run in which nothing fails. */
  readonly main: readonly Step[]
  /** The steps of the frame whose title begins with this text. */
  readonly frame: (beginning: string) => readonly Step[]
}

const arrow = /^(\w+?)(-->>|->>|--x|-x)(\w+): (.+)$/
const commit = /^Note over (\w+): commit: (.+)$/
const frameStart = /^opt (.+)$/
const blockStart = /^rect\b/

const stepIn = (line: string): Step | undefined => {
  const [, at, committed] = commit.exec(line) ?? []
  if (at !== undefined && committed !== undefined) return { kind: 'commit', at, says: committed }
  const [, from, sign, to, says] = arrow.exec(line) ?? []
  if (from === undefined || sign === undefined || to === undefined || says === undefined) {
    return undefined
  }
  return { kind: 'message', from, to, arrow: sign, says }
}

const stepsOf = (text: string): PictureSteps => {
  const main: Step[] = []
  const frames: { readonly title: string; readonly steps: Step[] }[] = []
  const blocks: ('frame' | 'block')[] = []
  for (const line of text.replaceAll('<br/>', ' ').split('\n')) {
    const trimmed = line.trim()
    const title = frameStart.exec(trimmed)?.[1]
    if (title !== undefined) {
      frames.push({ title, steps: [] })
      blocks.push('frame')
    } else if (blockStart.test(trimmed)) blocks.push('block')
    else if (trimmed === 'end') blocks.pop()
    const step = stepIn(trimmed)
    if (step) (blocks.includes('frame') ? frames.at(-1)!.steps : main).push(step)
  }
  return {
    main,
    frame: (beginning) => {
      const found = frames.find(({ title }) => title.startsWith(beginning))
      if (!found) throw new Error(`the picture has no frame that begins with ${beginning}`)
      return found.steps
    },
  }
}

/** Returns the steps before the first one that goes this way. */
export const upTo = (steps: readonly Step[], from: string, to: string, arrowSign = '->>') => {
  const end = steps.findIndex(
    (step) =>
      step.kind === 'message' && step.from === from && step.to === to && step.arrow === arrowSign,
  )
  if (end < 0) throw new Error(`no step leads from ${from} to ${to}`)
  return steps.slice(0, end)
}

/** The steps of a picture of the project. */
export const pictured = (name: string): PictureSteps => {
  const found = allPictures().find((each) => each.name === name)
  if (!found) throw new Error(`there is no picture ${name}`)
  return stepsOf(found.text)
}
