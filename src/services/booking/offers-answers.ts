import { toIso } from '../../platform/base/time.ts'
import type { Offer } from './contract.ts'
import type { OfferRow } from './schema.ts'

/** TODO-F */
export const toOffer = (row: OfferRow): Offer => ({
  ...row,
  startsAt: toIso(row.startsAt),
  endsAt: toIso(row.endsAt),
  startsAtLocal: toIso(row.startsAt),
  endsAtLocal: toIso(row.endsAt),
  location: null,
  createdAt: toIso(row.createdAt),
})
