import type { Member } from '../../src/services/company/contract.ts'
import type { Exchange } from './history.ts'

/** Who could act for a company, and when: the present members, and those whom clients saw go. */
export interface Membership {
  readonly companyId: string
  readonly userId: string
  readonly joinedAt: string
  /** Null for who has not left. Undefined when it is over, and nobody was told when it ended. */
  readonly leftAt: string | null | undefined
}

interface ToldAs extends Pick<Exchange, 'method' | 'path'> {
  readonly status: number
  readonly body: unknown
}

const toldIn = (exchanges: readonly Exchange[]): ToldAs[] =>
  exchanges.flatMap(({ method, path, answer }) =>
    answer.kind === 'told' ? [{ method, path, status: answer.status, body: answer.body }] : [],
  )

const idsIn = (exchanges: readonly Exchange[], thing: 'companies' | 'offers'): string[] => {
  const made = toldIn(exchanges)
    .filter(({ method, path }) => method === 'POST' && path === `/${thing}`)
    .filter(({ status }) => status === 201)
    .map(({ body }) => (body as { readonly id: string }).id)
  return [...new Set(made)]
}

/** The companies that clients were told to exist. */
export const companiesIn = (exchanges: readonly Exchange[]) => idsIn(exchanges, 'companies')

/** The offers that clients were told to exist. */
export const offersIn = (exchanges: readonly Exchange[]) => idsIn(exchanges, 'offers')

const nameOf = ({ companyId, userId, joinedAt }: Membership) => `${companyId} ${userId} ${joinedAt}`

/** What clients were told about members. An answer may be a repeat, and so it may show the past. */
const membersIn = (exchanges: readonly Exchange[]): Membership[] =>
  toldIn(exchanges).flatMap(({ method, path, status, body }): Membership[] => {
    if (!/^\/companies\/[^/]+\/members/.test(path)) return []
    const { companyId, userId, joinedAt, leftAt } = body as Member
    const membership = { companyId, userId, joinedAt }
    if (method === 'POST' && status === 201) return [{ ...membership, leftAt: undefined }]
    if (method === 'DELETE' && status === 200) return [{ ...membership, leftAt }]
    return []
  })

export const membershipsOf = (
  present: readonly Member[],
  exchanges: readonly Exchange[],
): Membership[] => {
  const known = new Map<string, Membership>()
  for (const membership of membersIn(exchanges)) {
    const name = nameOf(membership)
    const isNews = known.get(name)?.leftAt === undefined
    if (isNews) known.set(name, membership)
  }
  for (const { companyId, userId, joinedAt, leftAt } of present) {
    const membership = { companyId, userId, joinedAt, leftAt }
    known.set(nameOf(membership), membership)
  }
  return [...known.values()]
}
