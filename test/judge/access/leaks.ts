import { randomUUID } from 'node:crypto'
import type { Ask, Told } from './ask.ts'
import { namesOf, requestFor, type RequestOptions, type Values } from './requests.ts'
import type { AccessRoute } from './routes.ts'
import { createFresh } from './things.ts'
import type { RoleName, Somebody, World } from './world.ts'

/**
 * Two ways to somebody else's data that go around the check of a path: a cursor of their list, and
 * a key of their request.
 */
export interface LeaksDeps {
  readonly world: World
  readonly ask: Ask
  readonly routes: readonly AccessRoute[]
}

const isReplay = ({ headers }: Told) => Object.keys(headers).some((name) => /replayed/.test(name))

/** Without what may be left out, a list is of all that somebody may see. */
const pathOnly = ({ template }: AccessRoute, values: Values): Values =>
  Object.fromEntries(Object.entries(values).filter(([name]) => template.includes(`{${name}}`)))

const show = ({ status, text }: Told) => `${status} ${text.slice(0, 200)}`

export const createLeaks = ({ world, ask, routes }: LeaksDeps) => {
  const { people, things, tokens, doors } = world
  const [door] = doors
  const known = Object.keys(things)
  const fresh = createFresh(world, ask)

  const own = async (owner: Somebody): Promise<Values> => {
    const entries: [string, string][] = []
    for (const name of known) entries.push([name, (await things[name]?.(owner)) ?? ''])
    return Object.fromEntries(entries)
  }

  const send = async (
    role: RoleName,
    route: AccessRoute,
    values: Values,
    options?: RequestOptions,
  ) => {
    const headers = { authorization: `Bearer ${await tokens.tokenOf(people[role])}` }
    const url = door?.urlOf(route.service) ?? ''
    return ask(url, requestFor(route, await fresh(route, values), options), headers)
  }

  const isPersonal = (route: AccessRoute) =>
    route.access === 'person' && namesOf(route, known).length > 0

  /** Each of the owner's things is changed twice, and at last it is removed. */
  const use = async (values: Values) => {
    const writes = routes.filter((route) => isPersonal(route) && route.method !== 'GET')
    const changes = writes.filter(({ method }) => method !== 'DELETE')
    for (const route of [...changes, ...changes]) await send('owner', route, values)
    for (const route of writes) if (route.method === 'DELETE') await send('owner', route, values)
  }

  const namesIn = (values: Values, text: string) =>
    Object.values(values).filter((value) => text.includes(value))

  const cursors = async () => {
    const [theirs, mine] = [await own(people.owner), await own(people.stranger)]
    await use(theirs)
    const faults: string[] = []
    const paged = routes.filter((route) => route.isPaged && isPersonal(route))
    for (const route of paged) {
      const first = await send('owner', route, theirs, { query: { limit: '1' } })
      const { next = null } = JSON.parse(first.text) as { readonly next?: string | null }
      if (next === null) {
        faults.push(`${route.name}: nothing says how a person comes to have two of these`)
        continue
      }
      const query = { limit: '100', cursor: next }
      const second = await send('owner', route, theirs, { query })
      if (second.status !== 200) faults.push(`${route.name}: its own cursor got ${show(second)}`)
      const there = await send('stranger', route, theirs, { query })
      if (there.status === 200 && !there.text.includes('"items":[]')) {
        faults.push(`${route.name}: a stranger with the owner's cursor got ${show(there)}`)
      }
      const here = await send('stranger', route, mine, { query })
      const all = await send('stranger', route, pathOnly(route, mine))
      const told = namesIn(theirs, here.text + all.text)
      if (told.length > 0)
        faults.push(`${route.name}: a list of a stranger's own shows ${told.join()}`)
    }
    return { faults, looked: paged.length }
  }

  const keys = async () => {
    const [theirs, mine] = [await own(people.owner), await own(people.stranger)]
    const faults: string[] = []
    const keyed = routes.filter(
      (route) => route.takesKey && (isPersonal(route) || route.access === 'anyone'),
    )
    for (const route of keyed) {
      const key = randomUUID()
      const first = await send('owner', route, theirs, { key })
      if (first.status >= 300) faults.push(`${route.name}: the owner got ${show(first)}`)
      const stranger = await send('stranger', route, mine, { key })
      const operator = await send('operator', route, theirs, { key })
      for (const [who, told] of Object.entries({ stranger, operator })) {
        const isFine = told.status < 300 && !isReplay(told)
        if (!isFine) faults.push(`${route.name}: ${who} with the owner's key got ${show(told)}`)
      }
      if (namesIn(theirs, stranger.text).length > 0) {
        faults.push(`${route.name}: the owner's key tells ${show(stranger)}`)
      }
    }
    return { faults, looked: keyed.length }
  }

  return { cursors, keys }
}
