import { randomUUID } from 'node:crypto'
import { api } from './http.ts'
import type { MarkedPerson } from './marked-person.ts'

interface Asked {
  readonly method?: string
  readonly body?: unknown
  readonly key?: string | undefined
  /** Shown instead of the token that the route needs. */
  readonly token?: string | undefined
}

/** Sends a request with the data of that person. The answer does not matter here. */
const ask = async (
  url: string,
  { headers: always }: MarkedPerson,
  { method, body, key, token }: Asked = {},
) => {
  const asked = {
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    headers: {
      ...always,
      'content-type': 'application/json',
      ...(key === undefined ? {} : { 'idempotency-key': key }),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    signal: AbortSignal.timeout(800),
  }
  const response = await fetch(url, asked).catch(() => undefined)
  const text = (await response?.text().catch(() => '')) ?? ''
  // Links with faults may cut an answer, so it may be half a text.
  const found = (name: string) => new RegExp(`"${name}":"([^"]+)"`).exec(text)?.[1]
  return { id: found('id'), accessToken: found('accessToken'), refreshToken: found('refreshToken') }
}

/** Signs in, guesses, refreshes and leaves. Returns the last access token. */
const visit = async (gateway: string, person: MarkedPerson) => {
  const { username, password } = person.user
  await ask(`${gateway}/sessions`, person, { body: { username, password: `${password}x` } })
  const { refreshToken } = await ask(`${gateway}/sessions`, person, {
    body: { username, password },
  })
  const body = { refreshToken }
  const { accessToken, refreshToken: next } = await ask(`${gateway}/sessions/refresh`, person, {
    body,
  })
  await ask(`${gateway}/sessions/refresh`, person, { body })
  await ask(`${gateway}/sessions/end`, person, { body: { refreshToken: next } })
  return accessToken
}

/** Who spends money while the services fail: nobody can sign up then. */
export interface Known {
  readonly userId?: string
  readonly token?: string
}

/** Deposits money, places an order of each kind and changes them. */
const spend = async (gateway: string, person: MarkedPerson, { userId, token }: Known) => {
  const account = `${gateway}/billing/accounts/${userId}`
  await ask(`${account}/deposit`, person, { body: { amount: 900 }, key: person.key(), token })
  const { description } = person
  const order = (price: number) => {
    const body = { userId, price, description }
    return ask(`${gateway}/orders`, person, { body, key: person.key(), token })
  }
  const { id } = await order(100)
  await order(1_000_000)
  await ask(`${gateway}/orders/${id}`, person, { method: 'PATCH', body: { price: 50 }, token })
  await ask(`${gateway}/orders/${id}`, person, { method: 'DELETE', token })
}

/** Opens a company under the data of that person, changes it, and adds and removes a member. */
const manage = async (gateway: string, person: MarkedPerson, { userId, token }: Known) => {
  const { user, description } = person
  const data = {
    name: `${user.firstName} ${user.lastName}`,
    description,
    address: description,
    phone: user.phone,
  }
  const companies = `${gateway}/companies`
  const { id } = await ask(companies, person, { body: data, key: person.key(), token })
  const company = `${companies}/${id}`
  const change = { method: 'PATCH', body: data, key: person.key(), token }
  await ask(company, person, change)
  await ask(company, person, { ...change, body: { ...data, name: description } })
  await ask(companies, person, { body: { ...data, phone: [user.phone] }, token })
  await ask(`${company}/members`, person, { token })
  await ask(`${company}/members`, person, { body: { userId, role: user.firstName }, token })
  await ask(`${company}/members`, person, { body: { userId, role: 'MANAGER' }, token })
  await ask(`${company}/members/${userId}`, person, { method: 'DELETE', token })
}

/** Cancels a booking of that person: its offer and its reason are told in free text. */
export const writeAboutBooking = async (notification: string, person: MarkedPerson) => {
  const { post } = api(notification)
  const { description, user } = person
  const letter = {
    key: randomUUID(),
    userId: randomUUID(),
    email: user.email,
    amount: 5,
    kind: 'BOOKING_CANCELLED',
    bookingId: randomUUID(),
    title: description,
    startsAt: '2026-10-25T17:30:00Z',
    timeZone: 'UTC',
    cancelledBy: 'CUSTOMER',
    reason: description,
  }
  const many = { letters: [{ requestId: 'r', letter }] }
  await post('/notifications', letter)
  await post('/notifications', { ...letter, title: description.repeat(2) })
  await post('/notifications', { ...letter, kind: 'BOOKING_REFUSED' })
  await post('/notifications', { ...letter, [description]: description })
  await post('/notifications/many', many)
}

const signUp = (gateway: string, person: MarkedPerson) =>
  ask(`${gateway}/users`, person, { body: person.user, key: person.key() })

/** Makes a user, signs in and spends. */
export const shop = async (gateway: string, person: MarkedPerson): Promise<Known> => {
  const { id: userId = '' } = await signUp(gateway, person)
  const token = await visit(gateway, person)
  const known = { userId, ...(token === undefined ? {} : { token }) }
  await spend(gateway, person, known)
  await manage(gateway, person, known)
  return known
}

/** Does the same at once, with the account of somebody who was there before all that fails. */
export const shopWhileItFails = (gateway: string, person: MarkedPerson, known: Known) =>
  Promise.all([
    signUp(gateway, person).then(() => visit(gateway, person)),
    spend(gateway, person, known),
    manage(gateway, person, known),
  ])

/** Sends what people send by mistake, or to see what happens. */
export const sendMistakes = async (
  gateway: string,
  person: MarkedPerson,
  { userId, token }: Known,
) => {
  const { user, description } = person
  await ask(`${gateway}/sessions`, person, { body: { ...user } })
  await ask(`${gateway}/sessions`, person, { body: { username: user.email, password: user.phone } })
  await ask(`${gateway}/sessions/end`, person, { body: { refreshToken: user.password } })
  await ask(`${gateway}/users/${userId}`, person, { token: `${token}${user.username}` })
  await ask(`${gateway}/users/${userId}`, person, { token: user.email })
  await ask(`${gateway}/users`, person, { body: user })
  await ask(`${gateway}/users`, person, { body: { ...user, [user.email]: user.lastName } })
  await ask(`${gateway}/users`, person, { body: `{"email":"${user.email}",${user.firstName}` })
  await ask(`${gateway}/users`, person, { body: { ...user, phone: [user.phone] } })
  await ask(`${gateway}/orders`, person, { body: { userId, price: description }, token })
  await ask(`${gateway}/orders`, person, {
    body: { userId, price: 1 },
    key: `bad key ${user.email}`,
    token,
  })
  await ask(`${gateway}/notifications?email=${encodeURIComponent(user.email)}`, person, { token })
  await ask(`${gateway}/users/${encodeURIComponent(user.email)}`, person, { token })
  await ask(`${gateway}/users/${user.email}`, person, { token })
}
