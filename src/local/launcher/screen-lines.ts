/**
 * Shows the lines of a service so that a person can read them also while everything fails: the
 * first lines of a kind as they are, and then one line a second that counts the rest.
 */
export interface ScreenLine {
  /** What lines of one kind have in common: they say the same of different requests. */
  readonly kind: string
  /** Their name when they are counted: warnings, for example. */
  readonly plural: string
  readonly text: string
}

export interface ScreenLines {
  take(line: ScreenLine): void
  /** Shows how many lines were left out so far. */
  close(): void
}

const everyMs = 1_000
/** Lines a second of one kind, and of all kinds together: different texts can be a flood, too. */
const shownOfKind = 3
const shownInAll = 8
const kindsNamed = 2

interface Kind {
  readonly name: string
  readonly plural: string
  shown: number
  left: number
  /** A flood: more lines came in the last second than were shown. It is only counted until it ends. */
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

  const showRest = () => {
    const left = [...kinds.values()].filter((kind) => kind.left > 0)
    if (left.length > 0) showSummary(summaryOf(left))
    // A kind that was quiet for a second is forgotten, and its next line is shown again.
    kinds = new Map(
      [...kinds]
        .filter(([, { left: count }]) => count > 0)
        .map(([key, kind]) => [key, { ...kind, shown: 0, left: 0, isFlood: true }]),
    )
    shown = 0
    timer = kinds.size > 0 ? setTimeout(showRest, everyMs) : undefined
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
      timer ??= setTimeout(showRest, everyMs).unref()
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
