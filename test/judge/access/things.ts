import { randomUUID } from 'node:crypto'
import type { ServiceName } from '../../../src/registry.ts'
import type { Ask } from './ask.ts'
import type { Somebody, World } from './world.ts'

/**
 * How a person comes to own what routes are about, by the name under which parameters and bodies
 * ask for it. A route that asks for something else fails the matrix until it is said here.
 */
export interface ThingsDeps {
  readonly ask: Ask
  readonly urlOf: (service: ServiceName) => string
  readonly tokenOf: (who: Somebody) => Promise<string>
}

export const createThings = ({ ask, urlOf, tokenOf }: ThingsDeps): World['things'] => {
  const post = async (who: Somebody, service: ServiceName, path: string, body: object) => {
    const wanted = {
      method: 'POST',
      path,
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json', 'idempotency-key': randomUUID() },
    }
    const headers = { authorization: `Bearer ${await tokenOf(who)}` }
    const { status, text } = await ask(urlOf(service), wanted, headers)
    if (status > 201) throw new Error(`POST ${path} was answered ${status} ${text}`)
    return JSON.parse(text) as { readonly id: string }
  }
  return {
    userId: (owner) => Promise.resolve(owner.id),
    orderId: async (owner) =>
      (await post(owner, 'order', '/orders', { userId: owner.id, price: 10 })).id,
  }
}
