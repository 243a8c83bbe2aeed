import { beforeAll, describe, expect, it } from 'vitest'
import type { Api } from '../../../test/lab/http.ts'
import { openAccount, startBilling } from '../../../test/lab/service.ts'

let system: Awaited<ReturnType<typeof startBilling>>
let api: Api
let userId: string

interface Shown {
  readonly id: string
  readonly kind: string
  readonly amount: number
  readonly balanceAfter: number
}
interface Page {
  readonly items: readonly Shown[]
  readonly next: string | null
}

const amounts = Array.from({ length: 25 }, (_, index) => index + 1)
const path = () => `/billing/accounts/${userId}/operations`
const page = async (query: string) => (await api.get<Page>(`${path()}${query}`)).body

beforeAll(async () => {
  system = await startBilling()
  api = system.billing.api
  userId = await openAccount(system.billing, 1_000)
  for (const amount of amounts) {
    await api.post(`/billing/accounts/${userId}/withdraw`, { amount })
  }
})

describe('the statement of an account', () => {
  it('shows every movement once, newest first, over pages of any size', async () => {
    const seen: Shown[] = []
    let next: string | null = ''
    while (next !== null) {
      const { items, next: after }: Page = await page(`?limit=7${next && `&cursor=${next}`}`)
      expect(items.length).toBeLessThanOrEqual(7)
      seen.push(...items)
      next = after
    }
    expect(seen.map((item) => item.amount)).toEqual([...amounts.toReversed(), 1_000])
    expect(new Set(seen.map((item) => item.id)).size).toBe(26)
  })

  it('shows the balance after each movement', async () => {
    const { items } = await page('?limit=100')
    let balance = 0
    for (const item of items.toReversed()) {
      balance += item.kind === 'WITHDRAW' ? -item.amount : item.amount
      expect(item.balanceAfter).toBe(balance)
    }
    const { body } = await api.get(`/billing/accounts/${userId}`)
    expect(body.balance).toBe(balance)
  })

  it('does not repeat or skip on later pages when new movements arrive in between', async () => {
    const first = await page('?limit=5')
    await api.post(`/billing/accounts/${userId}/deposit`, { amount: 777 })
    const second = await page(`?limit=5&cursor=${first.next}`)
    expect(second.items.map((item) => item.amount)).toEqual([20, 19, 18, 17, 16])
  })

  it('has 20 entries on a page by default, and a next page exactly when there are more', async () => {
    expect((await page('')).items).toHaveLength(20)
    const all = await page('?limit=27')
    expect([all.items.length, all.next]).toEqual([27, null])
    const almost = await page('?limit=26')
    expect(almost.next).not.toBeNull()
    const last = await page(`?limit=26&cursor=${almost.next}`)
    expect([last.items.length, last.next]).toEqual([1, null])
  })
})
