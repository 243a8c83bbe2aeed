import { randomUUID } from 'node:crypto'
import { setTimeout as setTimeoutAsync } from 'node:timers/promises'
import { uuidv7 } from '../../../src/platform/base/ids.ts'
import type { Ask, Told } from './ask.ts'
import { createCallers, type Caller } from './callers.ts'
import { namesOf, requestFor, type RequestOptions, type Values } from './requests.ts'
import type { AccessRoute } from './routes.ts'
import { createFresh, isFineAnswer, toStrangers, type ToStrangers } from './things.ts'
import type { Door, Somebody, World } from './world.ts'

/**
 * Walks one route with everybody who may come to it, through every door, and returns what is not as
 * the contract's word says. Each pair of door and caller is a cell of the matrix.
 */
export interface Walked {
  readonly cells: number
  readonly faults: readonly string[]
}

/** Longer than a statement or a call between services takes. */
const settleMs = 25

/** Letters are there long before. After this the walk goes on, and names what changes meanwhile. */
const owedForMs = 5_000

/** What differs between two answers although they say the same. */
const incidental = new Set(['date', 'x-request-id', 'connection', 'keep-alive'])

const comparable = ({ status, headers, text }: Told, ids: readonly string[]) => {
  const plain = ids.reduce((rest, id) => rest.replaceAll(id, '<id>'), text)
  const requestId = String(headers['x-request-id'])
  const kept = Object.entries(headers).filter(([name]) => !incidental.has(name))
  return JSON.stringify([status, kept, plain.replaceAll(requestId, '<request>')])
}

const show = ({ status, code, text }: Told) => `${status} ${code ?? text.slice(0, 200)}`

type Expected = ToStrangers | 'let in' | 'hidden' | 401 | 403

const expectedOf = (
  route: AccessRoute,
  door: Door,
  caller: Caller,
  strangers: ToStrangers,
): Expected => {
  const { access, callers } = route
  const { who, isLost = false } = caller
  if (isLost) return 'hidden'
  if (access === 'services') {
    if (door.isGateway) return 'hidden'
    return who.kind === 'service' && callers.includes(who.service) ? 'let in' : 401
  }
  if (access === 'anyone') return 'let in'
  if (who.kind !== 'person') return 401
  if (who.role === 'operator') return 'works'
  if (access === 'operator') return 403
  return who.role === 'owner' ? 'works' : strangers
}

const isRefused = (expected: Expected) => expected !== 'works' && expected !== 'let in'

interface Cell {
  readonly route: AccessRoute
  readonly door: Door
  readonly caller: Caller
  readonly expected: Expected
}

const wasLetIn = ({ status, code }: Told) =>
  status < 500 && code !== 'unauthenticated' && code !== 'forbidden' && code !== 'not-found'

const codesOfHead: Readonly<Record<number, string>> = {
  401: 'unauthenticated',
  403: 'forbidden',
  404: 'not-found',
}

/** Whether the answer alone is as it should be. */
const isAs = (expected: Exclude<Expected, 'as if it were not there'>, told: Told) => {
  const { status, headers } = told
  // An answer to HEAD has no body that says the code.
  const code = told.code ?? codesOfHead[status]
  switch (expected) {
    case 'works':
      return status < 300
    case 'let in':
      return wasLetIn(told)
    case 'hidden':
      return code === 'not-found' || code === 'method-not-allowed'
    case 403:
    case 'not theirs':
      return status === 403 && code === 'forbidden'
    case 401: {
      const challenge = String(headers['www-authenticate'])
      return status === 401 && code === 'unauthenticated' && challenge.startsWith('Bearer')
    }
  }
}

export const createWalk = (world: World, ask: Ask) => {
  const { people, things, doors } = world
  const callersOf = createCallers(world)
  const fresh = createFresh(world, ask)
  const known = Object.keys(things)
  const watch: NonNullable<World['watch']> =
    world.watch ?? (async (work) => ({ result: await work(), statements: [] }))

  const owned = async (names: readonly string[], owner: Somebody): Promise<Values> => {
    const entries: [string, string][] = []
    for (const name of names) entries.push([name, (await things[name]?.(owner)) ?? ''])
    return Object.fromEntries(entries)
  }

  /** Ids of the same form that belong to nobody. */
  const nowhere = (names: readonly string[]): Values =>
    Object.fromEntries(names.map((name) => [name, uuidv7()]))

  const comeOnce = (cell: Cell, values: Values, options?: RequestOptions) =>
    watch(() =>
      ask(
        cell.door.urlOf(cell.route.service),
        (cell.caller.twist ?? ((wanted) => wanted))(requestFor(cell.route, values, options)),
        cell.caller.headers,
        // Who answers that there is no such route knows no contract of it.
        cell.expected !== 'hidden',
      ),
    )

  /** On a busy machine keys may not be read in time: 503 says that nobody knows yet who this is. */
  const come = async (cell: Cell, values: Values, options?: RequestOptions) => {
    const told = await comeOnce(cell, values, options)
    const isAsked = isRefused(cell.expected) && told.result.code === 'unavailable'
    return isAsked ? comeOnce(cell, values, options) : told
  }

  /** Somebody else's and nobody's must look the same and cost the same. */
  const compare = async (cell: Cell, values: Values, options: RequestOptions = {}) => {
    const nobodys = nowhere(Object.keys(values))
    const theirs = await come(cell, values, options)
    const absent = await come(cell, nobodys, { ...options, key: randomUUID() })
    const found = comparable(theirs.result, Object.values(values))
    const missing = comparable(absent.result, Object.values(nobodys))
    if (found !== missing) return `is told of it: ${found} instead of ${missing}`
    const { status, text } = theirs.result
    // A list of nothing tells nothing, and neither does an answer to HEAD.
    const isNothing = status >= 400 || text === '' || text.includes('"items":[]')
    if (!isNothing) return `got ${show(theirs.result)}`
    const [some, others] = [theirs.statements.join(), absent.statements.join()]
    if (some !== others) return `can tell by time: [${some}] instead of [${others}]`
    return undefined
  }

  const look = async (cell: Cell, values: Values): Promise<string | undefined> => {
    const { expected } = cell
    if (expected === 'as if it were not there') return compare(cell, values)
    const { result, statements } = await come(cell, values)
    const isFine =
      expected === 'works' &&
      (isFineAnswer(cell.route, result) || (world.isFine?.(cell.route, result) ?? false))
    if (!isFine && !isAs(expected, result)) return `expected ${expected}, got ${show(result)}`
    if (!isRefused(expected)) return undefined
    // Whose it is, only the database knows.
    const mayAsk = expected === 'not theirs'
    if (statements.length > 0 && !mayAsk) return `was refused only after [${statements.join()}]`
    const told = Object.values(values).find((value) => result.text.includes(value))
    if (told !== undefined && expected !== 'hidden') return `is told ${told} with its refusal`
    return undefined
  }

  const cellsOf = async (route: AccessRoute, strangers: ToStrangers): Promise<Cell[]> => {
    const callers = await callersOf(route)
    return doors.flatMap((door) =>
      callers
        // Where anyone may come, nobody looks at tokens: through one door is enough.
        .filter(({ isForged }) => !(isForged && route.access === 'anyone' && door.isGateway))
        .map((caller) => ({
          route,
          door,
          caller,
          expected: expectedOf(route, door, caller, strangers),
        })),
    )
  }

  /** An operator who is let in leaves a trace of it. */
  const lookAtActs = async (cell: Cell, values: Values) => {
    const { access, service } = cell.route
    const { who } = cell.caller
    const isAct =
      who.kind === 'person' &&
      who.role === 'operator' &&
      access !== 'anyone' &&
      // It has no database. What it shows of anybody it asks a service for, which writes that down.
      service !== 'gateway'
    if (!isAct || isRefused(cell.expected)) return look(cell, values)
    const before = await world.countActs(service)
    const fault = await look(cell, values)
    const acts = (await world.countActs(service)) - before
    return fault ?? (acts === 1 ? undefined : `an operator's act was written ${acts} times`)
  }

  /** What a person came to own may still have letters under way. */
  const settled = async (): Promise<string> => {
    const giveUpAtMs = performance.now() + owedForMs
    while ((await world.countOwed()) > 0 && performance.now() < giveUpAtMs) {
      await setTimeoutAsync(settleMs)
    }
    let before = await world.contents()
    for (;;) {
      await setTimeoutAsync(settleMs)
      const now = await world.contents()
      if (now === before) return now
      before = now
    }
  }

  const walk = async (route: AccessRoute): Promise<Walked> => {
    const names = namesOf(route, known)
    const values = await owned(names, people.owner)
    const cells = await cellsOf(route, toStrangers(route, names))
    const faults: string[] = []
    const visit = async (cell: Cell) => {
      const given = isRefused(cell.expected) ? values : await fresh(route, values)
      const fault = await lookAtActs(cell, given)
      if (fault !== undefined) {
        faults.push(`${route.name}, ${cell.door.name}, ${cell.caller.name}: ${fault}`)
      }
    }
    const before = await settled()
    for (const cell of cells) if (isRefused(cell.expected)) await visit(cell)
    if ((await world.contents()) !== before) {
      faults.push(`${route.name}: somebody who was refused has changed a table`)
    }
    for (const cell of cells) if (!isRefused(cell.expected)) await visit(cell)
    return { cells: cells.length, faults }
  }

  return { walk, compare, owned, come }
}

export type Walk = ReturnType<typeof createWalk>
