import { beforeAll, describe, expect, it } from 'vitest'
import { createRandom } from '../../../test/lab/random.ts'
import { daysAhead, offer, startOffering, type Offering } from '../../../test/lab/offering.ts'
import type { Api } from '../../../test/lab/http.ts'
import { uuidv7 } from '../../platform/base/ids.ts'
import type { Offer } from './contract.ts'

let system: Offering
let api: Api
beforeAll(async () => {
  system = await startOffering()
  api = system.api
})

type Query = Readonly<Record<string, string>>

const page = async (query: Query) => {
  const { status, body } = await api.get(`/offers?${new URLSearchParams(query).toString()}`, {
    as: 'nobody',
  })
  if (status !== 200) throw new Error(JSON.stringify(body))
  return body as { items: Offer[]; next: string | null }
}

/** All pages, one after the other. */
const searchAll = async (query: Query): Promise<Offer[]> => {
  const found: Offer[] = []
  let cursor: Query = {}
  for (let pages = 0; pages < 500; pages += 1) {
    const { items, next } = await page({ ...query, ...cursor })
    found.push(...items)
    if (next === null) return found
    cursor = { cursor: next }
  }
  throw new Error('there was no last page')
}

const idsOf = (offers: readonly Offer[]) => offers.map(({ id }) => id)

describe('a search', () => {
  const companies = [uuidv7(), uuidv7(), uuidv7()]
  const root = uuidv7()
  const categories = [root, uuidv7(), uuidv7()]
  const other = uuidv7()
  const words = ['haircut', 'massage', 'boat', 'Anna', 'evening']
  let offers: Offer[]
  const random = createRandom('market')

  beforeAll(async () => {
    const make = async (index: number) => {
      const categoryId = random.pick([...categories, other])
      system.say({ above: categoryId === root || categoryId === other ? [] : [root] })
      const day = 2 + random.between(0, 20)
      const hour = random.between(0, 10)
      const location = { lat: 52 + random.next(), lng: 13 + random.next() }
      return offer(api, {
        companyId: random.pick(companies),
        categoryId,
        title: `${random.pick(words)} ${random.pick(words)}`,
        description: random.chance(0.5) ? `${random.pick(words)}, number ${index}` : undefined,
        price: random.between(1, 20) * 100,
        // Some begin at the same moment.
        startsAt: daysAhead(day, hour),
        endsAt: daysAhead(day, hour + 1),
        location: random.chance(0.8) ? location : undefined,
      })
    }
    offers = []
    for (let index = 0; index < 120; index += 1) offers.push(await make(index))
    for (const { id } of offers.slice(0, 20)) {
      await system.database.sql`
        update offers set status = 'RESERVED', booking_id = ${uuidv7()} where id = ${id}`
    }
    offers = offers.map((one, index) => (index < 20 ? { ...one, status: 'RESERVED' } : one))
  })

  const kmBetween = (place: Offer['location'], lat: number, lng: number) => {
    if (place === null) return Infinity
    const north = (place.lat - lat) * 111.2
    const east = (place.lng - lng) * 111.2 * Math.cos((lat * Math.PI) / 180)
    return Math.hypot(north, east)
  }

  /** What a filter keeps, as plainly as it can be said. */
  const filters: Readonly<Record<string, readonly [Query, (one: Offer) => boolean]>> = {
    company: [{ companyId: companies[0]! }, ({ companyId }) => companyId === companies[0]],
    'a category': [{ categoryId: categories[1]! }, (one) => one.categoryId === categories[1]],
    'a category with its children': [
      { categoryId: root },
      ({ categoryId }) => categories.includes(categoryId),
    ],
    from: [{ from: daysAhead(8) }, ({ startsAt }) => startsAt >= daysAhead(8)],
    to: [{ to: daysAhead(14) }, ({ startsAt }) => startsAt < daysAhead(14)],
    'lowest price': [{ minPrice: '700' }, ({ price }) => price >= 700],
    'highest price': [{ maxPrice: '1500' }, ({ price }) => price <= 1_500],
    words: [
      { text: 'HAIRCUT anna' },
      ({ title, description }) =>
        ['haircut', 'anna'].every((word) => `${title} ${description}`.toLowerCase().includes(word)),
    ],
    place: [
      { near: '52.5,13.5', withinKm: '30' },
      ({ location }) => kmBetween(location, 52.5, 13.5) <= 30,
    ],
    status: [{ status: 'RESERVED' }, ({ status }) => status === 'RESERVED'],
  }
  const names = Object.keys(filters)

  const expected = (chosen: readonly string[]) => {
    const rules = chosen.map((name) => filters[name]![1])
    const isOpen = ({ status }: Offer) => chosen.includes('status') || status === 'OPEN'
    const order = ({ startsAt, id }: Offer) => `${startsAt} ${id}`
    return offers
      .filter((one) => isOpen(one) && rules.every((rule) => rule(one)))
      .toSorted((one, another) => (order(one) < order(another) ? -1 : 1))
  }
  const queryOf = (chosen: readonly string[]): Query =>
    Object.assign({}, ...chosen.map((name) => filters[name]![0])) as Query

  it('finds all that is open and begins later than now, in the order of the start', async () => {
    expect(await searchAll({ limit: '7' })).toEqual(expected([]))
    expect(await searchAll({ limit: '100' })).toEqual(expected([]))
  })

  it.each(names)('by %s finds exactly what fits', async (name) => {
    const fits = expected([name])
    expect(fits.length).toBeGreaterThan(2)
    expect(fits.length).toBeLessThan(offers.length)
    expect(idsOf(await searchAll({ ...queryOf([name]), limit: '5' }))).toEqual(idsOf(fits))
  })

  it('by any of them together finds exactly what fits all', async () => {
    const pairs = names.flatMap((one, index) => names.slice(index + 1).map((more) => [one, more]))
    const more = Array.from({ length: 60 }, () =>
      random.shuffle(names).slice(0, random.between(3, names.length)),
    )
    for (const chosen of [...pairs, ...more]) {
      // Of the two that name a category, the later one counts in both.
      const only = chosen.includes('a category with its children')
        ? chosen.filter((name) => name !== 'a category')
        : chosen
      const found = await searchAll({ ...queryOf(only), limit: '30' })
      expect(idsOf(found), only.join()).toEqual(idsOf(expected(only)))
    }
  })

  it('shows the last page as the last one, also when it is full', async () => {
    const all = expected(['company'])
    const { items, next } = await page({ companyId: companies[0]!, limit: String(all.length) })
    expect([items.length, next]).toEqual([all.length, null])
  })
})

describe('a parameter that is wrong', () => {
  const long = `from=2026-01-01T00:00:00.${'1'.repeat(10)}Z`
  it.each([
    ['from=2026-01-01', 'from'],
    ['from=2026-02-29T00:00:00Z', 'from'],
    ['from=2026-01-01T00:00:00+03:00', 'from'],
    ['from=now', 'from'],
    [long, 'from'],
    ['to=', 'to'],
    ['to=9999-01-01T00:00:00Z', 'to'],
    ['minPrice=0', 'minPrice'],
    ['minPrice=1.5', 'minPrice'],
    ['maxPrice=-1', 'maxPrice'],
    ['maxPrice=9007199254740992', 'maxPrice'],
    ['status=open', 'status'],
    ['text=', 'text'],
    [`text=${'x'.repeat(101)}`, 'text'],
    ['text=a%00', 'text'],
    ['cursor=1_x', 'cursor'],
    [`cursor=${'9'.repeat(16)}_019aa0b6-60a5-7c11-8f6e-2d3c4b5a6971`, 'cursor'],
    ['price=5', 'price'],
    ['from=2026-01-01T00:00:00Z&from=2026-01-01T00:00:00Z', 'from'],
  ])('is refused by its name: %s', async (query, field) => {
    const { status, body } = await api.get(`/offers?${query}`)
    expect([status, body.errors?.[0]?.field]).toEqual([400, field])
  })

  it('is none when it only leaves nothing over', async () => {
    for (const query of [
      'minPrice=5&maxPrice=4',
      'from=2099-01-02T00:00:00Z&to=2099-01-01T00:00:00Z',
    ]) {
      expect((await api.get(`/offers?${query}`)).body).toEqual({ items: [], next: null })
    }
    const far = '999999999999999_ffffffff-ffff-ffff-ffff-ffffffffffff'
    expect((await api.get(`/offers?cursor=${far}`)).body).toEqual({ items: [], next: null })
  })
})

describe('pages', () => {
  it('neither miss nor repeat an offer while offers are added and booked', async () => {
    const companyId = uuidv7()
    const { sql } = system.database
    const random = createRandom('moving')
    const add = (day: number) =>
      offer(api, { companyId, startsAt: daysAhead(day), endsAt: daysAhead(day, 1) })
    const before: Offer[] = []
    for (let index = 0; index < 40; index += 1) before.push(await add(2 + random.between(0, 9)))
    const booked = new Set<string>()
    const seen: Offer[] = []
    let cursor: Query = {}
    for (;;) {
      const { items, next } = await page({ companyId, limit: '3', ...cursor })
      seen.push(...items)
      if (next === null) break
      cursor = { cursor: next }
      await add(2 + random.between(0, 9))
      const { id } = random.pick(before)
      if (!booked.has(id)) {
        await sql`update offers set status = 'RESERVED', booking_id = ${uuidv7()} where id = ${id}`
      }
      booked.add(id)
    }
    const ids = idsOf(seen)
    expect(new Set(ids).size).toBe(ids.length)
    const missed = before.filter(({ id }) => !booked.has(id) && !ids.includes(id))
    expect(missed).toEqual([])
    expect(seen.map(({ startsAt }) => startsAt)).toEqual(
      seen.map(({ startsAt }) => startsAt).toSorted(),
    )
  })

  /** So many offers of a company, a second apart, written past the service, which would take minutes. */
  const addMany = async (companyId: string, count: number, dear: readonly number[] = []) => {
    const { id } = await offer(api, {
      companyId,
      title: 'hour',
      price: 5,
      startsAt: daysAhead(2),
      endsAt: daysAhead(2, 1),
    })
    await system.database.sql`
      insert into offers (id, company_id, category_id, title, price, starts_at, ends_at, time_zone,
        created_by, request_id)
      select gen_random_uuid(), company_id, category_id, title,
        case when i = any(${dear}::int[]) then 9 else 5 end, starts_at + i * interval '1 second',
        ends_at + i * interval '1 second', time_zone, created_by, request_id
      from offers, generate_series(2, ${count}) as i where id = ${id}`
  }

  /** In how many pages everything is found, and how many items are on each. */
  const sizesOf = async (query: Query): Promise<number[]> => {
    const sizes: number[] = []
    let cursor: Query = {}
    for (;;) {
      const { items, next } = await page({ ...query, ...cursor })
      sizes.push(items.length)
      if (next === null) return sizes
      cursor = { cursor: next }
    }
  }

  const dear = [1_500, 4_000, 5_499]

  /** What the rows of a list say of their offers, and how many of them a page may read. */
  it.each([
    ['all', 'price, null, null, -1', 500],
    ['nothing, as before there were such columns,', 'null, null, null, null', 200],
  ])(
    'go on behind a search that has looked at as much as it may, even at nothing that fits, by rows that say %s',
    async (_, said, perPage) => {
      const companyId = uuidv7()
      await addMany(companyId, 5_500, dear)
      await system.database.sql.unsafe(`
        insert into offer_terms select 'company:${companyId}', starts_at, id, ${said} from offers
        where company_id = '${companyId}' on conflict do nothing`)
      const expected = Array.from({ length: Math.ceil(5_500 / perPage) }, () => 0)
      for (const row of dear) expected[Math.floor((row - 1) / perPage)]! += 1
      // A list that ends with a page is not known to end there.
      if (5_500 % perPage === 0) expected.push(0)
      expect(await sizesOf({ companyId, minPrice: '9' })).toEqual(expected)
      expect((await page({ companyId, minPrice: '10' })).items).toEqual([])
    },
  )

  it('show nothing of which a row promises more than its offer has', async () => {
    const companyId = uuidv7()
    await addMany(companyId, 9)
    await system.database.sql.unsafe(`
      insert into offer_terms
      select term, starts_at, id, price, lat, lng, -1 from offers,
        (values ('company:${companyId}'), ('word:promised')) as t (term)
      where company_id = '${companyId}' and (term <> 'word:promised'
        or extract(second from starts_at)::int % 3 = 0)
      on conflict do nothing`)
    expect(await sizesOf({ companyId })).toEqual([9])
    expect(await sizesOf({ companyId, text: 'promised' })).toEqual([3])
  })

  it('walk the sparsest of the lists, whatever else is asked for', async () => {
    const companyId = uuidv7()
    await addMany(companyId, 3_000)
    const { sql } = system.database
    // Of the words, the longer one and the shorter one are rare in turn.
    for (const word of ['often', 'seldom']) {
      const other = word === 'often' ? 'verymuchlonger' : 'so'
      await sql.unsafe(`
        insert into offer_terms
        select term, starts_at, id, price, lat, lng, -1 from (
          select *, row_number() over (order by starts_at) as row from offers
          where company_id = '${companyId}'
        ) o, (values ('company:${companyId}'), ('word:${word}'), ('word:${other}')) as t (term)
        where term <> 'word:${other}' or row % 500 = 0 on conflict do nothing`)
      for (const text of [`${word} ${other}`, `${other} ${word}`]) {
        expect(await sizesOf({ companyId, text }), text).toEqual([6])
      }
    }
  })

  it('go on from the place of the cursor, however much later it is asked for', async () => {
    const companyId = uuidv7()
    const { id, startsAt } = await offer(api, { companyId })
    const past = Date.parse('2020-01-01T00:00:00Z')
    const { items } = await page({ companyId, cursor: `${past}_${id}` })
    expect(idsOf(items)).toEqual([id])
    const behind = await page({ companyId, cursor: `${Date.parse(startsAt)}_${id}` })
    expect(behind.items).toEqual([])
    // A cursor does not lead out of what is asked for.
    const later = await page({ companyId, cursor: `${past}_${id}`, from: daysAhead(11) })
    expect(later.items).toEqual([])
  })
})

describe('words', () => {
  const findsWith = async (title: string, description: string | undefined, texts: string[]) => {
    const companyId = uuidv7()
    const { id } = await offer(api, { companyId, title, description })
    const found: string[] = []
    for (const text of texts) {
      // Alone and with the company: each is looked for in two ways.
      const ids = [
        idsOf(await searchAll({ text, limit: '100' })),
        idsOf(await searchAll({ text, companyId })),
      ]
      const hits = ids.filter((some) => some.includes(id)).length
      expect(hits === 0 || hits === 2, text).toBe(true)
      if (hits === 2) found.push(text)
    }
    return found
  }

  it('are the same with ё and е, in capitals, and between any signs', async () => {
    const good = ['Ёлка', 'елка', 'ЕЛКА', '«ёлка»!', 'ёлка,под', 'Е\u0308лка', 'под-ёлку дом']
    expect(await findsWith('Ёлка (под ёлку), д.5', 'ДОМ: «Лес»', good)).toEqual(good)
  })

  it('are the same in the ways in which one sign may be written', async () => {
    const good = [
      'STRASSE',
      'strasse',
      'Straße',
      'café',
      'cafe\u0301',
      'ＣＡＦÉ',
      'οδος',
      'ΟΔΟΣ',
      'fi',
    ]
    expect(await findsWith('Straße Café', 'ΟΔΟΣ ﬁ', good)).toEqual(good)
  })

  it('must be whole and must all be there', async () => {
    const title = 'Anna’s haircut №7'
    const bad = ['hair', 'cut', 'haircut boat', 'haircuts', 'no 8', 'ann']
    expect(await findsWith(title, undefined, [...bad, 'anna', '7 haircut', 'ANNA S'])).toEqual([
      'anna',
      '7 haircut',
      'ANNA S',
    ])
  })

  it('may be as long as a text may be', async () => {
    const long = 'ы'.repeat(2_000)
    expect(await findsWith('x'.repeat(200), long, ['ы'.repeat(100), 'ы'])).toEqual([
      'ы'.repeat(100),
    ])
    const many = Array.from({ length: 300 }, (_, index) => `w${index}`).join(' ')
    expect(await findsWith('title', many, ['title w5', 'w299'])).toEqual(['title w5'])
  })

  it('of which there is none are refused', async () => {
    for (const text of ['!?', '…', '💇', ' ']) {
      const { status, body } = await api.get(`/offers?${new URLSearchParams({ text }).toString()}`)
      expect([status, body.errors?.[0]?.field], text).toEqual([400, 'text'])
    }
  })
})
