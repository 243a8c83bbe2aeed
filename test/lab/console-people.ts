import type { Login } from './console.ts'

/** People and what they own, made over the public API as anybody would. */
export interface ConsolePerson extends Login {
  readonly id: string
  readonly token: string
}

export const createPeople = (origin: string) => {
  let made = 0

  const ask = async (method: string, path: string, token?: string, body?: unknown) => {
    const response = await fetch(`${origin}${path}`, {
      method,
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    return (await response.json()) as Record<string, string>
  }

  const idIn = (answer: Record<string, string>) => {
    if (answer['id'] === undefined) throw new Error(`no id: ${JSON.stringify(answer)}`)
    return answer['id']
  }

  const newPerson = async ({ balance = 0 } = {}): Promise<ConsolePerson> => {
    made += 1
    const username = `looker${made}-${Date.now().toString(36)}`
    const password = `the password of ${username}`
    const email = `${username}@example.com`
    const id = idIn(await ask('POST', '/users', undefined, { username, email, password }))
    const { accessToken: token = '' } = await ask('POST', '/sessions', undefined, {
      username,
      password,
    })
    if (balance > 0) {
      await ask('POST', `/billing/accounts/${id}/deposit`, token, { amount: balance })
    }
    return { id, username, password, token }
  }

  const order = async ({ token }: ConsolePerson, price: number, description: string) => {
    const answer = await ask('POST', '/orders', token, { price, description })
    return idIn((answer['order'] as unknown as Record<string, string>) ?? answer)
  }

  /** A company of that person, and a time on offer there. */
  const offer = async ({ token }: ConsolePerson, title: string, price: number) => {
    const companyId = idIn(await ask('POST', '/companies', token, { name: 'Scissors and Co' }))
    const [categoryId] = JSON.stringify(await ask('GET', '/categories')).match(/[\da-f-]{36}/) ?? []
    const [startsAt, endsAt] = ['2099-05-01T10:00:00Z', '2099-05-01T11:00:00Z']
    const asked = { companyId, categoryId, title, price, startsAt, endsAt }
    return idIn(await ask('POST', '/offers', token, asked))
  }

  return { newPerson, order, offer, ask }
}
