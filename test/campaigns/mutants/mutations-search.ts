import { bug } from './mutation.ts'

const folder = 'src/services/booking'
const search = `${folder}/sql/search-offers.sql`
const insert = `${folder}/sql/insert-offers.sql`
const plan = `${folder}/offer-search.ts`
const cells = `${folder}/offer-cells.ts`

const found = `${folder}/offers-search.test.ts`
const places = `${folder}/offers-places.test.ts`
const around = `${folder}/offer-cells.test.ts`

export const searchMutations = [
  bug(
    'a search passes over rows that say nothing of their offers',
    [found],
    [search, 'r.price is null or (', 'false or ('],
  ),
  bug(
    'a search takes what may have a word for what has it',
    [found],
    [search, 'where m.term <> w.a and not exists (', "where m.term = '' and not exists ("],
  ),
  bug(
    'a search walks the list that was named first, however long it is',
    [found],
    [
      search,
      'order by far.starts_at desc nulls first, w.place limit 1',
      'order by w.place limit 1',
    ],
  ),
  bug(
    'a search that stopped before the end says that it is the end',
    [found],
    [
      plan,
      'found.findLast(({ stopped }) => stopped)',
      'found.findLast(({ stopped, reachedId }) => stopped && reachedId === firstId)',
    ],
  ),
  bug(
    'a search that has looked up as much as it may goes on behind what it did not see',
    [found],
    [
      search,
      'order by r.starts_at, r.offer_id limit i."maxLooks"',
      'order by r.starts_at desc, r.offer_id limit i."maxLooks"',
    ],
  ),
  bug(
    'a search goes on with the offer that it ended with',
    [found],
    [plan, '{ fromMs: reachedMs, after }', '{ fromMs: reachedMs - 1, after }'],
  ),
  bug(
    'an offer is stored without the marks of its last words',
    [found],
    [plan, 'marks: marksOf(said) }', 'marks: marksOf(said.slice(0, 3)) }'],
  ),
  bug(
    'an offer is stored with its place the wrong way round',
    [found, places],
    [insert, 'n.price, n.lat, n.lng, f.marks', 'n.price, n.lng, n.lat, f.marks'],
  ),
  bug(
    'a search around a place leaves out a cell that its circle touches',
    [around, places],
    [
      cells,
      'grids.findIndex((height) => 2 * high < height)',
      'grids.findIndex((height) => high < 4 * height)',
    ],
  ),
]
