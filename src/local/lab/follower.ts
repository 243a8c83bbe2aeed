import { setTimeout as sleep } from 'node:timers/promises'
import type { Facts } from './judgement.ts'
import { createPauses, type People, type Person, type Told } from './people.ts'

const lookEveryMs = 250
const lookTimeoutMs = 2_000

type Body = Told['body']

export interface FollowerOptions {
  readonly people: People
  readonly person: Person
  readonly onOrder: (order: Body) => void
  readonly signal: AbortSignal
}

/** Follows the one order of a person, also while nobody answers. */
export const createFollower = ({ people, person, onOrder, signal }: FollowerOptions) => {
  let order: Body | undefined
  let letters = 0

  const read = async (path: string): Promise<Body | undefined> => {
    const told = await people.ask(person, { method: 'GET', path, timeoutMs: lookTimeoutMs })
    return told?.status === 200 ? told.body : undefined
  }
  const itemsIn = (page: Body | undefined) => (page?.['items'] ?? []) as Body[]
  const lettersAbout = (id: unknown) => `/notifications?orderId=${String(id)}`

  const look = async () => {
    const found = order ?? itemsIn(await read('/orders?limit=1'))[0]
    if (found === undefined) return
    order = (await read(`/orders/${String(found['id'])}`)) ?? order
    if (order) onOrder(order)
    const page = await read(lettersAbout(found['id']))
    if (page) letters = itemsIn(page).length
  }
  const follow = async () => {
    while (!signal.aborted) {
      await look()
      await sleep(lookEveryMs, undefined, { signal })
    }
  }
  // It ends with the scene, in the midst of whatever it does.
  follow().catch(() => {})

  /** Repeats it until there is an answer: somebody may break more than the scene does. */
  const readSurely = async (path: string): Promise<Body> => {
    const pause = createPauses(signal)
    for (;;) {
      const found = await read(path)
      if (found) return found
      await pause()
    }
  }

  return {
    isDecided: () => order !== undefined && order['status'] !== 'PENDING',
    isApproved: () => order?.['status'] === 'APPROVED',
    owes: () => order === undefined || order['owes'] === true,
    letters: () => letters,
    /** What billing and notification know of it. */
    facts: async (): Promise<Facts> => {
      const account = `/billing/accounts/${person.id}`
      const purse = await readSurely(account)
      const statement = await readSurely(`${account}/operations?limit=100`)
      const page = await readSurely(lettersAbout(order?.['id']))
      return {
        operations: itemsIn(statement) as unknown as Facts['operations'],
        balance: Number(purse['balance']),
        letters: itemsIn(page).length,
      }
    },
  }
}

export type Follower = ReturnType<typeof createFollower>
