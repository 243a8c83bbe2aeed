import type { Order, OrderDetails } from '../../src/services/order/contract.ts'
import { cancel, newOrder, reprice, signUp, type Actor, type Request } from './actors.ts'
import {
  book,
  cancelBooking,
  hourMs,
  newCompany,
  newOffer,
  someCategory,
} from './booking-requests.ts'

/** A shop in which each thing has happened that the books know of, each to a person of its own. */

const balance = 1_000_000

interface Ordered {
  readonly userId: string
  readonly orderId: string
}

export interface Booked {
  readonly userId: string
  readonly bookingId: string
  readonly offerId: string
}

const expectStatus = async <Body>(actor: Actor, request: Request, status: number) => {
  const reply = await actor.decided<Body>(request)
  if (reply.status !== status) {
    throw new Error(
      `${request.method} ${request.path}: ${reply.status} ${JSON.stringify(reply.body)}`,
    )
  }
  return reply.body
}

/** Whoever changes rows behind the back of the services must not meet them at work. */
const createRest =
  (atRest: () => Promise<unknown>) =>
  async <Made>(made: Promise<Made>): Promise<Made> => {
    const thing = await made
    await atRest()
    return thing
  }

export const createBooksShop = (actor: Actor, atRest: () => Promise<unknown>) => {
  const rest = createRest(atRest)
  const person = async (): Promise<string> => (await signUp(actor, balance)).id

  const approved = async (): Promise<Ordered> => {
    const userId = await person()
    const { id } = await expectStatus<Order>(actor, newOrder(userId, 100), 201)
    return { userId, orderId: id }
  }

  const rejected = async (): Promise<Ordered> => {
    const userId = await person()
    const { order } = await expectStatus<{ order: Order }>(
      actor,
      newOrder(userId, balance * 2),
      402,
    )
    return { userId, orderId: order.id }
  }

  const withChange = async (request: (orderId: string) => Request, status: number) => {
    const ordered = await approved()
    await expectStatus(actor, request(ordered.orderId), status)
    const { changes } = await actor.read<OrderDetails>(`/orders/${ordered.orderId}`)
    return { ...ordered, changeId: changes[0]?.id ?? '' }
  }

  const company = async () => {
    const managerId = await person()
    const { id } = await expectStatus<{ id: string }>(actor, newCompany(managerId), 201)
    const categoryId = await someCategory(actor)
    let startsMs = Date.now() + 100 * hourMs
    const offer = async (price: number) => {
      startsMs += hourMs
      const wanted = newOffer({ managerId, companyId: id, categoryId, price, startsMs })
      return (await expectStatus<{ id: string }>(actor, wanted, 201)).id
    }
    const booked = async (): Promise<Booked> => {
      const userId = await person()
      const offerId = await offer(500)
      const made = await expectStatus<{ id: string }>(actor, book(userId, offerId), 201)
      return { userId, offerId, bookingId: made.id }
    }
    const refused = async (): Promise<Booked> => {
      const userId = await person()
      const offerId = await offer(balance * 2)
      const { booking } = await expectStatus<{ booking: { id: string } }>(
        actor,
        book(userId, offerId),
        402,
      )
      return { userId, offerId, bookingId: booking.id }
    }
    const cancelled = async (): Promise<Booked> => {
      const made = await booked()
      await expectStatus(actor, cancelBooking(made.userId, made.bookingId), 200)
      return made
    }
    return {
      managerId,
      booked: () => rest(booked()),
      refused: () => rest(refused()),
      cancelled: () => rest(cancelled()),
    }
  }

  return {
    person: () => rest(person()),
    approved: () => rest(approved()),
    rejected: () => rest(rejected()),
    repriced: () => rest(withChange((orderId) => reprice(orderId, 150), 200)),
    repricedInVain: () => rest(withChange((orderId) => reprice(orderId, balance * 2), 402)),
    cancelled: () => rest(withChange(cancel, 200)),
    company,
  }
}

export type BooksShop = ReturnType<typeof createBooksShop>
