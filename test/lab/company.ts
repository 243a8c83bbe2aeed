import { problemDocument } from '../../src/platform/base/errors.ts'
import { uuidv7 } from '../../src/platform/base/ids.ts'
import { createTestDatabase } from './database.ts'
import { startService, type RunningService, type Variables } from './service.ts'
import { startUpstream, type Behaviour } from './upstream.ts'

/** Company over its own database, with a user service that the test plays. */

/** What user tells of a person whom the test made. */
export const personOf = (userId: string) => ({
  userId,
  username: `u-${userId.slice(-8)}`,
  name: `Name ${userId.slice(-8)}`,
  email: `${userId.slice(-8)}@example.com`,
  locale: 'ru',
})

const isPersonPath = /^\/users\/([0-9a-f-]{36})\/person$/

/** Answers as user does: whoever was made is somebody, and all others are nobody. */
const answerBy =
  (people: ReadonlySet<string>): Behaviour =>
  async ({ path }) => {
    const [, userId = ''] = isPersonPath.exec(path) ?? []
    if (people.has(userId)) return { status: 200, body: JSON.stringify(personOf(userId)) }
    const problem = problemDocument('user-not-found', 'There is nobody.', 'r')
    return { status: 404, body: JSON.stringify(problem), type: 'application/problem+json' }
  }

const newCompany = async ({ api }: RunningService, as: string, body: object): Promise<string> => {
  const answer = await api.post('/companies', body, { as })
  if (answer.status !== 201) throw new Error(`POST /companies was answered ${answer.text}`)
  return answer.body.id
}

export const startCompany = async (variables: Variables = {}) => {
  const database = await createTestDatabase('company')
  const people = new Set<string>()
  const toUser = await startUpstream('http://127.0.0.1:9')
  const answers = answerBy(people)
  toUser.behave(answers)
  const startReplica = (more: Variables = {}) =>
    startService('company', database, { USER_URL: toUser.url, ...variables, ...more })
  const company = await startReplica()
  const newPerson = () => {
    const id = uuidv7()
    people.add(id)
    return id
  }
  return {
    database,
    company,
    startReplica,
    toUser,
    /** The user service works again. */
    healUser: () => toUser.behave(answers),
    /** Somebody who has signed up. */
    newPerson,
    /** A company of this person. */
    newCompany: (as: string, body: object = { name: 'Barber' }) => newCompany(company, as, body),
  }
}

export type WithCompany = Awaited<ReturnType<typeof startCompany>>

/** Adds a member as this ADMIN. */
export const addMember = async (
  { company }: Pick<WithCompany, 'company'>,
  companyId: string,
  { userId, role = 'MANAGER', as }: { userId: string; role?: 'ADMIN' | 'MANAGER'; as: string },
) => {
  const path = `/companies/${companyId}/members`
  const answer = await company.api.post(path, { userId, role }, { as })
  if (answer.status !== 201) throw new Error(`POST ${path} was answered ${answer.text}`)
  return answer.body
}

/** How many answers have each status. */
export const countOf = (answers: readonly { readonly status: number }[]) => {
  const counts: Record<number, number> = {}
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1
  return counts
}
