import { isDeepStrictEqual } from 'node:util'
import { expect } from 'vitest'
import { urlVariable } from '../../src/platform/base/variables.ts'
import { registry, type ServiceName } from '../../src/registry.ts'
import { whenFileEnds } from './cleanup.ts'
import { wordsIn, witnessCommits, type Commit } from './commit-witness.ts'
import { api } from './http.ts'
import { issuerVariables } from './issuer.ts'
import type { Step } from './picture-steps.ts'
import { freshDatabase } from './database.ts'
import { openLink } from '../../src/local/lab/link.ts'
import { openRecordedLink, type SentMessage } from './link/recorder.ts'
import { startSystem } from './system.ts'
import { eventually } from './wait.ts'

/**
 * The real services over real databases. It notes everything that they send and commit, in order,
 * so that a test can compare it with a picture.
 *
 * Each piece from and to Postgres is late, because a step may run beside the next one, and chance
 * would decide which is noted first. So a commit that an answer does not wait for comes after that
 * answer.
 */
const lateByMs = 70

type Event = SentMessage | Commit

/** Timeouts long enough for a busy machine, with one attempt each: the pictures show no repeats. */
const settings = {
  REQUEST_BUDGET_MS: '1500',
  CALL_TIMEOUT_MS: '1500',
  LETTER_BUDGET_MS: '1500',
  LEASE_MS: '3100',
  RECOVERY_INTERVAL_MS: '100',
}

/** A link to a database that delays everything in both directions, and reports its commits. */
const openLateDatabase = async (service: ServiceName, onCommit: (commit: Commit) => void) => {
  const url = new URL((await freshDatabase(service)).url)
  const sql = await witnessCommits(service, url.href, onCommit)
  const port = Number(url.port)
  const link = await openLink({ name: service, protocol: 'database', targets: () => [port] })
  whenFileEnds(link.close)
  link.begin({ kind: 'delay', delayMs: lateByMs })
  url.hostname = '127.0.0.1'
  url.port = String(link.port)
  return { url: url.href, sql }
}

interface Withdrawals {
  readonly withdrawals?: readonly object[]
}

interface Answers {
  readonly answers: readonly { readonly status: number; readonly body: object }[]
}

/** The request that calls can share, with one call in it: a picture shows that call and its answer. */
const asAlone = (message: SentMessage): SentMessage => {
  const { request, answer } = message
  const { withdrawals = [] } = JSON.parse(request.body || '{}') as Withdrawals
  if (withdrawals.length !== 1) return message
  const alone = { ...message, request: { ...request, body: JSON.stringify(withdrawals[0]) } }
  if (answer?.status !== 200) return alone
  const [part] = (JSON.parse(answer.body) as Answers).answers
  if (part === undefined) return alone
  const { status, body } = part
  return { ...alone, answer: { ...answer, status, body: JSON.stringify(body) } }
}

const isCommit = (event: Event): event is Commit => 'transaction' in event

/** A path as a picture writes it: `…` for anything, `{x}` for one part. */
const fitsPath = (path: string, pictured: string) => {
  const pattern = pictured
    .replace(/,$/, '')
    .replaceAll(/[.*+?^$()|[\]\\]/g, String.raw`\$&`)
    .replaceAll('…', '.*')
    .replaceAll(/\{\w+\}/g, '[^/]+')
  return new RegExp(`^${pattern}$`).test(path)
}

const fieldsIn = (says: string) => /\{([\w, ]+)\}(?!\S)/.exec(says)?.[1]?.split(', ') ?? []

interface Keyed {
  readonly key?: string
  readonly letters?: readonly { readonly letter: { readonly key: string } }[]
}

/** A key is in a header; the keys of letters are in the body. */
const keysOf = ({ request }: SentMessage): readonly string[] => {
  if (request.key !== '') return [request.key]
  const { key, letters = [] } = JSON.parse(request.body || '{}') as Keyed
  return key === undefined ? letters.map(({ letter }) => letter.key) : [key]
}

/** A key that was stored before the call is the id of what the caller committed before. */
const fitsKey = (message: SentMessage, says: string, before: readonly Event[]): boolean => {
  const { from, request } = message
  if (says.includes('key = ')) {
    const stored = before.filter(isCommit).findLast(({ service }) => service === from)
    const keys = keysOf(message)
    const isOfStored = (key: string) => stored?.ids.some((id) => key.includes(id))
    return keys.length > 0 && keys.every(isOfStored)
  }
  if (!/\bsame (keys?|user id)\b/.test(says)) return true
  const earlier = before.findLast(
    (event): event is SentMessage =>
      !isCommit(event) && event.from === from && event.request.path === request.path,
  )
  if (earlier === undefined || !isDeepStrictEqual(keysOf(earlier), keysOf(message))) return false
  // Postgres keeps the members of JSON in an order of its own.
  const bodyOf = (asked: SentMessage['request']): unknown => JSON.parse(asked.body || '{}')
  return (
    says.includes('other amount') || isDeepStrictEqual(bodyOf(earlier.request), bodyOf(request))
  )
}

const fitsRequest = ({ request }: SentMessage, says: string): boolean => {
  const [method, path = ''] = says.split(' ')
  if (method !== request.method || !fitsPath(request.path, path)) return false
  const body = request.body === '' ? {} : (JSON.parse(request.body) as object)
  return fieldsIn(says.slice(says.indexOf(path) + path.length)).every((name) => name in body)
}

/** If a picture names a status, state, code or header, the answer must have it. */
const fitsAnswer = ({ answer }: SentMessage, says: string): boolean => {
  if (!answer) return false
  const named = (pattern: RegExp) => [...says.matchAll(pattern)].map(([word]) => word)
  const statuses = named(/\b[245]\d\d\b/g)
  const states = named(/\b[A-Z]{4,}\b/g)
  const codes = named(/\b[a-z]+(-[a-z]+)+\b/g)
  const headers = named(/\b(Location|Retry-After|Idempotency-Replayed)\b/g)
  return (
    statuses.includes(String(answer.status)) &&
    [...states, ...codes].every((word) => answer.body.includes(word)) &&
    headers.every((name) => name.toLowerCase() in answer.headers)
  )
}

const fits = (event: Event, step: Step, before: readonly Event[]): boolean => {
  if (isCommit(event)) {
    if (step.kind !== 'commit' || step.at !== event.service) return false
    const pictured = wordsIn(step.says)
    return (
      pictured.size === event.words.size && [...pictured].every((word) => event.words.has(word))
    )
  }
  if (step.kind !== 'message') return false
  const isSameWay = (['from', 'to', 'arrow'] as const).every((part) => step[part] === event[part])
  if (!isSameWay) return false
  if (event.arrow === '->>' || event.arrow === '-x') {
    return fitsRequest(event, step.says) && fitsKey(event, step.says, before)
  }
  return event.arrow === '--x' || fitsAnswer(event, step.says)
}

const lineOfStep = (step: Step) =>
  step.kind === 'commit'
    ? `${step.at} commits: ${step.says}`
    : `${step.from}${step.arrow}${step.to}: ${step.says}`

const lineOfEvent = (event: Event) => {
  if (isCommit(event)) return `${event.service} commits: ${[...event.words].join(', ')}`
  const { from, to, arrow, request, answer } = event
  const what = answer ? `${answer.status} ${answer.body}` : `${request.method} ${request.path}`
  return `${from}${arrow}${to}: ${what}`
}

/** Long enough for all that may still come. */
const quietMs = 5 * lateByMs
const atRestMs = 500

/** The services that take part in a flow. Every way between them is recorded. */
export const startRecordedSystem = async <Name extends ServiceName>(
  services: readonly Name[],
  ownSettings: Readonly<Record<string, string>> = {},
) => {
  const events: Event[] = []
  let begunAt = 0
  const onCommit = (commit: Commit) => {
    // Rows that one statement wrote are one commit.
    const known = events.findIndex(
      (event) =>
        isCommit(event) &&
        event.service === commit.service &&
        event.transaction === commit.transaction,
    )
    const before = events[known]
    if (before === undefined || !isCommit(before)) return void events.push(commit)
    events[known] = {
      ...commit,
      words: new Set([...before.words, ...commit.words]),
      ids: [...before.ids, ...commit.ids],
    }
  }

  let urls: Readonly<Partial<Record<ServiceName, string>>> = {}
  const link = (from: string, to: ServiceName) =>
    openRecordedLink({
      from,
      to,
      target: () => urls[to] ?? 'nobody listens yet',
      record: (message) => void events.push(asAlone(message)),
    })
  const links = new Map<string, Awaited<ReturnType<typeof link>>>()
  const openLinks = async (from: string, callees: readonly ServiceName[]) => {
    for (const to of callees) links.set(`${from} to ${to}`, await link(from, to))
  }
  const isThere = (name: ServiceName) => (services as readonly ServiceName[]).includes(name)
  const calleesOf = (name: ServiceName) => registry[name].upstreams.filter(isThere)
  await openLinks('client', services)
  for (const name of services) await openLinks(name, calleesOf(name))
  const linkBetween = (from: ServiceName | 'client', to: ServiceName) => {
    const found = links.get(`${from} to ${to}`)
    if (!found) throw new Error(`nothing goes from ${from} to ${to}`)
    return found
  }
  const opened = new Map(
    await Promise.all(
      services.map(async (name) => [name, await openLateDatabase(name, onCommit)] as const),
    ),
  )
  const system = await startSystem({
    services,
    databases: Object.fromEntries([...opened].map(([name, { url }]) => [name, url])),
    // The lab's issuer makes the tokens: signing in is in no picture.
    env: { ...settings, ...ownSettings, ...(await issuerVariables()) },
    envOf: Object.fromEntries(
      services.map((name) => [
        name,
        Object.fromEntries(
          calleesOf(name).map((to) => [urlVariable(to), linkBetween(name, to).url]),
        ),
      ]),
    ),
  })
  urls = system.urls

  /** What happened, as lines. A line that fits its place in the picture uses the picture's words. */
  const linesBeside = (steps: readonly Step[]) =>
    events.slice(begunAt).map((event, index) => {
      const step = steps[index]
      const isPictured = step && fits(event, step, events.slice(0, begunAt + index))
      return isPictured ? lineOfStep(step) : lineOfEvent(event)
    })

  const count = (isMeant: (line: string) => boolean) =>
    events.slice(begunAt).map(lineOfEvent).filter(isMeant).length

  return {
    system,
    linkBetween,
    /** The administrator's connection to the database of a service. */
    sql: (name: string) => {
      const found = opened.get(name as Name)
      if (!found) throw new Error(`${name} has no database here`)
      return found.sql
    },
    /** What a client asks each service. */
    api: Object.fromEntries(
      services.map((name) => [name, api(linkBetween('client', name).url)]),
    ) as Record<Name, ReturnType<typeof api>>,
    /** All earlier notes belong to earlier flows. */
    begin: () => {
      begunAt = events.length
    },
    /** Returns how many times this was noted. */
    count,
    /** Waits until everything that was begun has ended: nothing more is noted. */
    untilAtRest: async () => {
      for (let before = -1; before !== count(() => true);) {
        before = count(() => true)
        await new Promise((resolve) => setTimeout(resolve, atRestMs))
      }
    },
    expectPictured: async (steps: readonly Step[]) => {
      const pictured = steps.map(lineOfStep)
      await eventually(() => expect(linesBeside(steps)).toEqual(pictured))
      await new Promise((resolve) => setTimeout(resolve, quietMs))
      expect(linesBeside(steps)).toEqual(pictured)
    },
  }
}
