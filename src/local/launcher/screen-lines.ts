/**
 * What a service says on the screen, so that a person can read it also while
 * everything fails: the first lines of a kind as they are, and of the rest one
 * line a second that counts them.
 */
export interface ScreenLine {
  /** Lines of one kind say the same of different requests: this is what they have in common. */
  readonly kind: string
  /** What they are called when they are counted: warnings, for example. */
  readonly plural: string
  readonly text: string
}

export interface ScreenLines {
  take(line: ScreenLine): void
  /** Tells what was left out so far. */
  close(): void
}

const everyMs = 1_000
/** Of one kind, and of all of them together: texts that are never the same are no less a flood. */
const shownOfKind = 3
const shownInAll = 8
const kindsNamed = 2

interface Kind {
  readonly name: string
  readonly plural: string
  shown: number
  left: number
  /** More came in the second before than was shown: until it is quiet, it is only counted. */
  isFlood: boolean
}

const summaryOf = (kinds: readonly Kind[]): string => {
  const most = kinds.toSorted((one, other) => other.left - one.left)
  const named = most
    .slice(0, kindsNamed)
    .map(({ left, plural, name }) => `${left} more ${plural} like "${name}"`)
  const others = most.slice(kindsNamed).reduce((sum, { left }) => sum + left, 0)
  if (others > 0) named.push(`${others} others`)
  return `${named.join(', ')} in the last second`
}

export const createScreenLines = (
  show: (text: string) => void,
  showSummary: (text: string) => void,
): ScreenLines => {
  let kinds = new Map<string, Kind>()
  let shown = 0
  let timer: NodeJS.Timeout | undefined

  const tell = () => {
    const left = [...kinds.values()].filter((kind) => kind.left > 0)
    if (left.length > 0) showSummary(summaryOf(left))
    // Whatever was quiet for a second is forgotten, and shown again when it comes back.
    kinds = new Map(
      [...kinds]
        .filter(([, { left: count }]) => count > 0)
        .map(([key, kind]) => [key, { ...kind, shown: 0, left: 0, isFlood: true }]),
    )
    shown = 0
    timer = kinds.size > 0 ? setTimeout(tell, everyMs) : undefined
    timer?.unref()
  }

  return {
    take: ({ kind: name, plural, text }) => {
      const key = `${plural} ${name}`
      const kind = kinds.get(key) ?? { name, plural, shown: 0, left: 0, isFlood: false }
      kinds.set(key, kind)
      if (kind.isFlood || kind.shown >= shownOfKind || shown >= shownInAll) kind.left += 1
      else {
        kind.shown += 1
        shown += 1
        show(text)
      }
      timer ??= setTimeout(tell, everyMs).unref()
    },
    close: () => {
      clearTimeout(timer)
      timer = undefined
      const left = [...kinds.values()].filter((kind) => kind.left > 0)
      if (left.length > 0) showSummary(summaryOf(left))
      kinds = new Map()
    },
  }
}
