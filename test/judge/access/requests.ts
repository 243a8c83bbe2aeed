import { randomUUID } from 'node:crypto'
import type { Schema } from '../../lab/operations.ts'
import type { AccessRoute } from './routes.ts'

/**
 * Makes a right request for any route from its contract: examples give the shape, and what the
 * request is about, such as `userId`, is put in by its name.
 */
export interface Wanted {
  readonly method: string
  readonly path: string
  readonly body: string | undefined
  readonly headers: Readonly<Record<string, string>>
}

/** What a request is about: values by the name of a parameter or of a field in a body. */
export type Values = Readonly<Record<string, string>>

/** A new value each time: two people cannot have the same. */
const freshValues: Readonly<Record<string, () => string>> = {
  username: () => `u${randomUUID().slice(0, 8)}`,
  email: () => `${randomUUID()}@example.com`,
  key: () => randomUUID(),
}

export class NoRecipeError extends Error {
  override name = 'NoRecipeError'
}

const noRecipe = (route: AccessRoute, what: string) =>
  new NoRecipeError(
    `${route.name} asks for ${what}, and nothing says how a person comes to own one: add it to test/judge/access/things.ts, or else no test shows who gets in there`,
  )

const inPath = ({ parameters }: AccessRoute) =>
  parameters.filter(({ in: place }) => place === 'path')

/** What a list may be about, one at a time: nothing is about an order and a booking. */
const subjects = ['orderId', 'bookingId']

/** Also those that may be left out: by them somebody asks for what is not theirs. */
const inQuery = ({ parameters }: AccessRoute) => {
  const all = parameters.filter(({ in: place }) => place === 'query')
  const [, ...others] = all.filter(({ name }) => subjects.includes(name))
  return all.filter((parameter) => !others.includes(parameter))
}

const exampleOf = (route: AccessRoute): unknown => {
  const { body } = route
  if (body === undefined) return undefined
  if (body.example !== undefined) return body.example
  const properties: [string, Schema][] = Object.entries(body.properties ?? {})
  const examples = properties.map(([name, { example }]) => [name, example] as const)
  if (examples.some(([, example]) => example === undefined)) throw noRecipe(route, 'a body')
  return Object.fromEntries(examples)
}

const fieldsIn = (value: unknown): string[] => {
  if (Array.isArray(value)) return value.flatMap(fieldsIn)
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, inner]) => [name, ...fieldsIn(inner)])
}

const filled = (value: unknown, values: Values): unknown => {
  if (Array.isArray(value)) return value.map((item) => filled(item, values))
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(([name, inner]) => {
    const given = values[name] ?? freshValues[name]?.()
    return [name, typeof inner === 'string' && given !== undefined ? given : filled(inner, values)]
  })
  return Object.fromEntries(entries) as unknown
}

/** The names of what a route is about. Each of them belongs to somebody. */
export const namesOf = (route: AccessRoute, known: readonly string[]): string[] => {
  const required = [...inPath(route), ...inQuery(route).filter(({ isRequired }) => isRequired)]
  const unknown = required.find(({ name }) => !known.includes(name))
  if (unknown !== undefined) throw noRecipe(route, unknown.name)
  const parameters = [...inPath(route), ...inQuery(route)].map(({ name }) => name)
  const fields = fieldsIn(exampleOf(route)).filter((name) => known.includes(name))
  return [...new Set([...parameters.filter((name) => known.includes(name)), ...fields])]
}

export interface RequestOptions {
  readonly key?: string
  readonly query?: Readonly<Record<string, string>>
}

export const requestFor = (
  route: AccessRoute,
  values: Values,
  { key = randomUUID(), query = {} }: RequestOptions = {},
): Wanted => {
  const search = new URLSearchParams(query)
  const path = inPath(route).reduce(
    (made, { name }) => made.replace(`{${name}}`, encodeURIComponent(values[name] ?? '')),
    route.template,
  )
  for (const { name } of inQuery(route)) {
    const value = values[name]
    if (value !== undefined) search.set(name, value)
  }
  const example = exampleOf(route)
  const body = example === undefined ? undefined : JSON.stringify(filled(example, values))
  return {
    method: route.method,
    path: search.size > 0 ? `${path}?${search.toString()}` : path,
    body,
    headers: {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(route.takesKey ? { 'idempotency-key': key } : {}),
    },
  }
}
