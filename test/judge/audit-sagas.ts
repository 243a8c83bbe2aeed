import type { ServiceName } from '../../src/registry.ts'
import type { OwnPostgres } from '../lab/own-postgres.ts'

/** What each saga's own tables say that it must have done elsewhere, when all is at rest. */
type Sql = Pick<OwnPostgres, 'sql'>

/** A row that may take money, under the key `saga:<id>`. */
export interface PayingRow {
  readonly id: string
  readonly status: string
  /** Whether anything of it is still to be done. */
  readonly isOpen: boolean
  readonly paid: string
}

export interface SagaTables {
  readonly what: string
  readonly service: ServiceName
  readonly payingRows: string
  /** The keys of the letters that must be there. */
  readonly letterKeys: (databases: Sql) => Promise<readonly string[]>
  /** Its own rows that do not fit each other. */
  readonly misfits?: string
}

interface KeyRow {
  readonly key: string
}

const keysBy =
  (service: ServiceName, text: string): SagaTables['letterKeys'] =>
  async ({ sql }) =>
    (await sql(service).unsafe<KeyRow[]>(text)).map(({ key }) => key)

const orders: SagaTables = {
  what: 'order',
  service: 'order',
  payingRows: `
    select id, status, status = 'PENDING' as "isOpen",
      case status when 'APPROVED' then present_price else 0 end as paid from orders`,
  letterKeys: keysBy(
    'order',
    `select id || ':' || case decision when 'APPROVED' then 'ORDER_APPROVED' else 'ORDER_REJECTED' end as key
    from orders where decision is not null and coalesce(reason, '') <> 'user-not-found'
    union all
    select id || ':' || case kind when 'CANCEL' then 'ORDER_CANCELLED' else 'ORDER_REPRICED' end
    from order_changes where status = 'DONE' and to_price is distinct from from_price`,
  ),
}

interface DueLetterRow {
  readonly id: string
  readonly kind: string
  readonly userId: string
  readonly email: string | null
  readonly companyId: string
  readonly decidedAt: Date
}

interface MembershipRow {
  readonly companyId: string
  readonly userId: string
  readonly joinedAt: Date
  readonly leftAt: Date | null
}

/** The customer's letter, and one for each who was a member when it was decided. */
const bookingLetterKeys: SagaTables['letterKeys'] = async ({ sql }) => {
  const letters = await sql('booking').unsafe<DueLetterRow[]>(`
    select id, kind, user_id as "userId", email, company_id as "companyId",
      decided_at as "decidedAt" from booking_letters`)
  const memberships = await sql('company').unsafe<MembershipRow[]>(`
    select company_id as "companyId", user_id as "userId", joined_at as "joinedAt",
      left_at as "leftAt" from memberships`)
  const byCompany = Map.groupBy(memberships, ({ companyId }) => companyId)
  return letters.flatMap(({ id, kind, userId, email, companyId, decidedAt }) => {
    const managers = (byCompany.get(companyId) ?? []).filter(
      ({ joinedAt, leftAt }) => joinedAt <= decidedAt && (leftAt === null || leftAt > decidedAt),
    )
    const kindForManagers = kind === 'PAID' ? 'OFFER_BOOKED' : `OFFER_${kind}`
    return [
      ...(email === null ? [] : [`${id}:BOOKING_${kind}:${userId}`]),
      ...managers.map((manager) => `${id}:${kindForManagers}:${manager.userId}`),
    ]
  })
}

const bookings: SagaTables = {
  what: 'booking',
  service: 'booking',
  payingRows: `
    select id, status, status in ('PENDING', 'RELEASING', 'CANCELLING') as "isOpen",
      case when status in ('PAID', 'COMPLETED') then price else 0 end as paid from bookings`,
  letterKeys: bookingLetterKeys,
  // At rest an offer is PAID by the one booking that is, or nobody has it.
  misfits: `
    select o.id, o.status, o.booking_id as "bookingId", array_agg(b.id || ' ' || b.status) as bookings
    from offers o left join bookings b on b.offer_id = o.id and b.status in ('PAID', 'COMPLETED')
    group by o.id
    having o.status not in ('OPEN', 'PAID', 'COMPLETED', 'CANCELLED')
      or count(b.id) <> case when o.status in ('PAID', 'COMPLETED') then 1 else 0 end
      or bool_or(b.status <> o.status or b.id <> o.booking_id)
    union all
    select l.booking_id, l.kind, l.id, null from booking_letters l
    join bookings b on b.id = l.booking_id
    where l.kind <> 'CANCELLED' and l.kind <> b.decision`,
}

export const sagaTables: readonly SagaTables[] = [orders, bookings]
