import type postgres from 'postgres'
import type { ServiceName } from '../../src/registry.ts'
import type { BooksShop } from './books-shop.ts'

/**
 * What may happen to rows behind the back of all services: each to somebody else, so that all of it
 * can be planted at once. The guards of the database are off meanwhile.
 */
export type Databases = (service: ServiceName) => postgres.Sql

interface Planted {
  /** The row that the audit must name. */
  readonly id: string
  /** Everything that it may name because of it. */
  readonly about: readonly string[]
}

export interface Corruption {
  readonly name: string
  readonly invariant: string
  readonly plant: (shop: BooksShop, on: Databases) => Promise<Planted>
}

const unguarded = async (sql: postgres.Sql, ...texts: readonly string[]) => {
  await sql.unsafe(['set session_replication_role = replica', ...texts].join(';\n'))
}

/** Makes the chain of an account whole again, so that only other books can tell. */
const cookLedger = (userId: string) => [
  `update operations o set seq = -n.place, balance_after = n.balance from (
     select id, row_number() over w as place, sum(effect) over w as balance from operations
     where user_id = '${userId}' and seq is not null window w as (order by seq)) n where o.id = n.id`,
  `update operations set seq = -seq where user_id = '${userId}' and seq < 0`,
  `update accounts a set balance = n.balance, version = n.version from (
     select coalesce(sum(effect), 0) as balance, coalesce(max(seq), 0) as version from operations
     where user_id = '${userId}') n where a.user_id = '${userId}'`,
]

const dropOperation = (on: Databases, userId: string, key: string) =>
  unguarded(
    on('billing'),
    `delete from operations where user_id = '${userId}' and key = '${key}'`,
    ...cookLedger(userId),
  )

const addOperation = (
  on: Databases,
  userId: string,
  { key, kind, reference }: { key: string; kind: string; reference: string },
) =>
  unguarded(
    on('billing'),
    `insert into operations (id, user_id, seq, key, kind, amount, effect, status, reference,
       balance_after, request_id)
     select gen_random_uuid(), user_id, version + 1, ${key}, '${kind}', 100,
       ${kind === 'WITHDRAW' ? -100 : 100}, 'DONE', ${reference}, 0, 'x'
     from accounts where user_id = '${userId}'`,
    ...cookLedger(userId),
  )

const idOf = async (sql: postgres.Sql, text: string): Promise<string> => {
  const [row] = await sql.unsafe<{ id: string }[]>(text)
  if (row === undefined) throw new Error(`nothing is found by ${text}`)
  return row.id
}

const ledger: readonly Corruption[] = [
  {
    name: 'a balance is moved',
    invariant: 'accounts-add-up',
    plant: async (shop, on) => {
      const { userId } = await shop.approved()
      await unguarded(
        on('billing'),
        `update accounts set balance = balance + 1 where user_id = '${userId}'`,
      )
      return { id: userId, about: [userId] }
    },
  },
  {
    name: 'an operation tells another balance',
    invariant: 'accounts-add-up',
    plant: async (shop, on) => {
      const { userId } = await shop.approved()
      await unguarded(
        on('billing'),
        `update operations set balance_after = balance_after - 1 where user_id = '${userId}' and seq = 1`,
      )
      return { id: userId, about: [userId] }
    },
  },
  {
    name: 'a payment is gone, and the balance was made to fit',
    invariant: 'orders-are-paid',
    plant: async (shop, on) => {
      const { userId, orderId } = await shop.approved()
      await dropOperation(on, userId, `saga:${orderId}`)
      return { id: orderId, about: [userId] }
    },
  },
  {
    name: 'a payment is doubled under a key of nobody',
    invariant: 'operations-were-asked-for',
    plant: async (shop, on) => {
      const { userId } = await shop.approved()
      const key = `'saga:' || gen_random_uuid()`
      await addOperation(on, userId, { key, kind: 'WITHDRAW', reference: 'null' })
      const id = await idOf(
        on('billing'),
        `select id from operations where user_id = '${userId}' order by seq desc limit 1`,
      )
      return { id, about: [userId] }
    },
  },
  {
    name: 'an order is refunded without a reason',
    invariant: 'orders-are-paid',
    plant: async (shop, on) => {
      const { userId, orderId } = await shop.approved()
      await addOperation(on, userId, {
        key: 'null',
        kind: 'REFUND',
        reference: `'saga:${orderId}'`,
      })
      return { id: orderId, about: [userId] }
    },
  },
  {
    name: 'a refund is missing',
    invariant: 'changes-are-paid',
    plant: async (shop, on) => {
      const { userId, changeId } = await shop.cancelled()
      await dropOperation(on, userId, `saga:${changeId}`)
      return { id: changeId, about: [userId] }
    },
  },
  {
    name: 'a tombstone is gone',
    invariant: 'orders-are-paid',
    plant: async (shop, on) => {
      const { userId, orderId } = await shop.rejected()
      await dropOperation(on, userId, `saga:${orderId}`)
      return { id: orderId, about: [userId] }
    },
  },
  {
    name: 'a deposit is doubled without its letter',
    invariant: 'operations-fit',
    plant: async (shop, on) => {
      const userId = await shop.person()
      await addOperation(on, userId, { key: 'null', kind: 'DEPOSIT', reference: 'null' })
      const id = await idOf(
        on('billing'),
        `select id from operations where user_id = '${userId}' and amount = 100`,
      )
      return { id, about: [userId] }
    },
  },
  {
    name: 'what a deposit owes is gone',
    invariant: 'letters-were-owed',
    plant: async (shop, on) => {
      const userId = await shop.person()
      await unguarded(
        on('billing'),
        `delete from deposit_letters where user_id = '${userId}'`,
        `delete from operations where user_id = '${userId}'`,
        ...cookLedger(userId),
      )
      const id = await idOf(
        on('notification'),
        `select id from letters where user_id = '${userId}'`,
      )
      return { id, about: [userId] }
    },
  },
]

const orders: readonly Corruption[] = [
  {
    name: 'an order skips the edge of its cancellation',
    invariant: 'orders-fit',
    plant: async (shop, on) => {
      const { userId, orderId } = await shop.approved()
      await unguarded(on('order'), `update orders set status = 'CANCELLED' where id = '${orderId}'`)
      return { id: orderId, about: [userId] }
    },
  },
  {
    name: 'an order is decided again',
    invariant: 'orders-are-paid',
    plant: async (shop, on) => {
      const { userId, orderId } = await shop.rejected()
      await unguarded(
        on('order'),
        `update orders set status = 'APPROVED', decision = 'APPROVED', reason = null where id = '${orderId}'`,
      )
      return { id: orderId, about: [userId] }
    },
  },
  {
    name: 'an order forgets its decision, and nobody will take it up',
    invariant: 'orders-fit',
    plant: async (shop, on) => {
      const { userId, orderId } = await shop.approved()
      await unguarded(
        on('order'),
        'alter table orders drop constraint if exists orders_pending_due',
        `update orders set status = 'PENDING', decision = null, decided_at = null where id = '${orderId}'`,
      )
      return { id: orderId, about: [userId] }
    },
  },
  {
    name: 'a present price is changed',
    invariant: 'orders-fit',
    plant: async (shop, on) => {
      const { userId, orderId } = await shop.approved()
      await unguarded(on('order'), `update orders set present_price = 99 where id = '${orderId}'`)
      return { id: orderId, about: [userId] }
    },
  },
  {
    name: 'a timeline denies the state',
    invariant: 'orders-fit',
    plant: async (shop, on) => {
      const { userId, orderId } = await shop.approved()
      await unguarded(
        on('order'),
        `update orders set timeline = timeline - 0 where id = '${orderId}'`,
      )
      return { id: orderId, about: [userId] }
    },
  },
  {
    name: 'a refused change is done after all',
    invariant: 'changes-are-paid',
    plant: async (shop, on) => {
      const { userId, orderId, changeId } = await shop.repricedInVain()
      await unguarded(
        on('order'),
        `update order_changes set status = 'DONE', reason = null where id = '${changeId}'`,
      )
      return { id: changeId, about: [userId, orderId] }
    },
  },
  {
    name: 'a change is gone',
    invariant: 'operations-were-asked-for',
    plant: async (shop, on) => {
      const { userId, changeId } = await shop.repriced()
      await unguarded(on('order'), `delete from order_changes where id = '${changeId}'`)
      const id = await idOf(
        on('billing'),
        `select id from operations where key = 'saga:${changeId}'`,
      )
      return { id, about: [userId] }
    },
  },
  {
    name: 'an order is gone',
    invariant: 'order-letters-were-owed',
    plant: async (shop, on) => {
      const { userId, orderId } = await shop.approved()
      await unguarded(on('order'), `delete from orders where id = '${orderId}'`)
      const id = await idOf(
        on('notification'),
        `select id from letters where order_id = '${orderId}'`,
      )
      return { id, about: [userId] }
    },
  },
  {
    name: 'a change belongs to somebody else',
    invariant: 'changes-fit',
    plant: async (shop, on) => {
      const { userId, orderId, changeId } = await shop.repriced()
      const other = await shop.person()
      await unguarded(
        on('order'),
        `update order_changes set user_id = '${other}' where id = '${changeId}'`,
      )
      return { id: changeId, about: [userId, orderId, other] }
    },
  },
]

const letters: readonly Corruption[] = [
  {
    name: 'the letter of an order is gone',
    invariant: 'order-letters-are-written',
    plant: async (shop, on) => {
      const { userId, orderId } = await shop.approved()
      await unguarded(on('notification'), `delete from letters where order_id = '${orderId}'`)
      return { id: orderId, about: [userId] }
    },
  },
  {
    name: 'the letter of a change is gone',
    invariant: 'change-letters-are-written',
    plant: async (shop, on) => {
      const { userId, changeId } = await shop.repriced()
      await unguarded(on('notification'), `delete from letters where key like '${changeId}:%'`)
      return { id: changeId, about: [userId] }
    },
  },
  {
    name: 'the letter of a deposit is gone',
    invariant: 'deposit-letters-are-written',
    plant: async (shop, on) => {
      const userId = await shop.person()
      await unguarded(on('notification'), `delete from letters where user_id = '${userId}'`)
      const id = await idOf(on('billing'), `select id from operations where user_id = '${userId}'`)
      return { id, about: [userId] }
    },
  },
  {
    name: 'a letter is doubled under another key',
    invariant: 'order-letters-were-owed',
    plant: async (shop, on) => {
      const { userId, orderId } = await shop.approved()
      await unguarded(
        on('notification'),
        `insert into letters (id, key, user_id, email, kind, order_id, amount, subject, body)
         select gen_random_uuid(), gen_random_uuid() || ':' || kind, user_id, email, kind, order_id,
           amount, subject, body from letters where order_id = '${orderId}'`,
      )
      const id = await idOf(
        on('notification'),
        `select id from letters where order_id = '${orderId}' order by created_at desc limit 1`,
      )
      return { id, about: [userId] }
    },
  },
  {
    name: 'a letter went to somebody else',
    invariant: 'order-letters-are-written',
    plant: async (shop, on) => {
      const { userId, orderId } = await shop.approved()
      const other = await shop.person()
      await unguarded(
        on('notification'),
        `update letters set user_id = '${other}' where order_id = '${orderId}'`,
      )
      return { id: orderId, about: [userId, other] }
    },
  },
]

const people: readonly Corruption[] = [
  {
    name: 'an account is gone',
    invariant: 'people-have-accounts',
    plant: async (shop, on) => {
      const userId = await shop.person()
      await unguarded(on('billing'), `delete from accounts where user_id = '${userId}'`)
      return { id: userId, about: [userId] }
    },
  },
  {
    name: 'a user is gone',
    invariant: 'accounts-have-people',
    plant: async (shop, on) => {
      const userId = await shop.person()
      await unguarded(on('user'), `delete from users where id = '${userId}'`)
      return { id: userId, about: [userId] }
    },
  },
  {
    name: 'a login is gone',
    invariant: 'people-have-logins',
    plant: async (shop, on) => {
      const userId = await shop.person()
      await unguarded(on('identity'), `delete from logins where id = '${userId}'`)
      return { id: userId, about: [userId] }
    },
  },
]

const bookings: readonly Corruption[] = [
  {
    name: 'an offer is paid twice',
    invariant: 'offers-fit',
    plant: async (shop, on) => {
      const { userId, bookingId, offerId } = await (await shop.company()).booked()
      await unguarded(
        on('booking'),
        'drop index if exists bookings_one_of_offer',
        `insert into bookings select (jsonb_populate_record(b, jsonb_build_object('id',
           gen_random_uuid(), 'refund_id', gen_random_uuid(), 'idempotency_key', null))).*
         from bookings b where id = '${bookingId}'`,
      )
      return { id: offerId, about: [userId, offerId] }
    },
  },
  {
    name: 'an offer is open, and somebody has paid for it',
    invariant: 'bookings-fit',
    plant: async (shop, on) => {
      const { userId, bookingId, offerId } = await (await shop.company()).booked()
      await unguarded(
        on('booking'),
        `update offers set status = 'OPEN', booking_id = null where id = '${offerId}'`,
      )
      return { id: bookingId, about: [userId, offerId] }
    },
  },
  {
    name: 'the refund of a booking is missing',
    invariant: 'bookings-are-paid',
    plant: async (shop, on) => {
      const { userId, bookingId } = await (await shop.company()).cancelled()
      const key = await idOf(
        on('booking'),
        `select 'saga:' || refund_id as id from bookings where id = '${bookingId}'`,
      )
      await dropOperation(on, userId, key)
      return { id: bookingId, about: [userId] }
    },
  },
  {
    name: 'a booking is released, and keeps the money',
    invariant: 'bookings-are-paid',
    plant: async (shop, on) => {
      const { userId, bookingId, offerId } = await (await shop.company()).booked()
      await unguarded(
        on('booking'),
        `update bookings set status = 'RELEASED', decision = 'RELEASED', reason = 'hold-over'
         where id = '${bookingId}'`,
        `update offers set status = 'OPEN', booking_id = null where id = '${offerId}'`,
      )
      return { id: bookingId, about: [userId, offerId] }
    },
  },
  {
    name: 'the letter to a manager is gone',
    invariant: 'booking-letters-are-written',
    plant: async (shop, on) => {
      const { managerId, booked } = await shop.company()
      const { userId, bookingId } = await booked()
      await unguarded(
        on('notification'),
        `delete from letters where booking_id = '${bookingId}' and kind = 'OFFER_BOOKED'`,
      )
      const id = await idOf(
        on('booking'),
        `select id from booking_letters where booking_id = '${bookingId}'`,
      )
      return { id, about: [userId, managerId] }
    },
  },
  {
    name: 'a customer is told twice',
    invariant: 'letters-were-owed',
    plant: async (shop, on) => {
      const { userId, bookingId } = await (await shop.company()).refused()
      await unguarded(
        on('notification'),
        `insert into letters select (jsonb_populate_record(l, jsonb_build_object('id',
           gen_random_uuid(), 'key', l.key || '2'))).*
         from letters l where booking_id = '${bookingId}' and user_id = '${userId}'`,
      )
      const id = await idOf(
        on('notification'),
        `select id from letters where booking_id = '${bookingId}' and key like '%2'
         and user_id = '${userId}' order by created_at desc, length(key) desc limit 1`,
      )
      return { id, about: [userId] }
    },
  },
  {
    name: 'what a booking owes is gone',
    invariant: 'bookings-fit',
    plant: async (shop, on) => {
      const { managerId, booked } = await shop.company()
      const { userId, bookingId } = await booked()
      await unguarded(
        on('booking'),
        `delete from booking_letters where booking_id = '${bookingId}'`,
      )
      return { id: bookingId, about: [userId, managerId] }
    },
  },
]

export const corruptions: readonly Corruption[] = [
  ...ledger,
  ...orders,
  ...letters,
  ...people,
  ...bookings,
]
