import { setTimeout as sleep } from 'node:timers/promises'
import { listen } from './daemons.ts'

export type Labels = Readonly<Record<string, string>>

/** What Alertmanager told, as somebody on call would get it. */
interface Notification {
  readonly alerts: readonly {
    readonly status: 'firing' | 'resolved'
    readonly labels: Labels
  }[]
}

const keyOf = (labels: Labels) =>
  JSON.stringify(Object.entries(labels).toSorted(([one], [other]) => one.localeCompare(other)))

export const nameOf = ({ alertname = '', ...labels }: Labels) =>
  [
    alertname,
    ...Object.entries(labels)
      .filter(([label]) => label !== 'severity')
      .map(([label, value]) => `${label}=${value}`),
  ].join(' ')

/** Whether an alert has all the labels that are asked for. */
export const fits = (labels: Labels, wanted: Labels) =>
  Object.entries(wanted).every(([label, value]) => labels[label] === value)

export const openInbox = async () => {
  const firing = new Map<string, Labels>()
  /** Everything that was ever told to fire. */
  const fired: Labels[] = []
  const receiver = await listen((body) => {
    for (const { status, labels } of (JSON.parse(body) as Notification).alerts) {
      if (status === 'resolved') firing.delete(keyOf(labels))
      else {
        firing.set(keyOf(labels), labels)
        fired.push(labels)
      }
    }
    return ''
  })
  const pollMs = 250
  return {
    receiver,
    firing: () => [...firing.values()],
    fired: () => [...fired],
    forget: () => fired.splice(0),
    /** Waits until it is so. Returns the seconds, or undefined if it was never so in that time. */
    until: async (isSo: () => boolean, withinSeconds: number): Promise<number | undefined> => {
      const startedAtMs = performance.now()
      for (;;) {
        const seconds = (performance.now() - startedAtMs) / 1_000
        if (isSo()) return seconds
        if (seconds > withinSeconds) return undefined
        await sleep(pollMs)
      }
    },
  }
}

export type Inbox = Awaited<ReturnType<typeof openInbox>>
