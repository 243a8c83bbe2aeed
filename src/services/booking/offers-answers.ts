import { toIso } from '../../platform/base/time.ts'
import type { Offer } from './contract.ts'
import type { OfferRow } from './schema.ts'

export const toOffer = (row: OfferRow): Offer => ({
  id: row.id,
  companyId: row.companyId,
  categoryId: row.categoryId,
  title: row.title,
  description: row.description,
  price: row.price,
  startsAt: toIso(row.startsAt),
  endsAt: toIso(row.endsAt),
  timeZone: row.timeZone,
  startsAtLocal: toIso(row.startsAt),
  endsAtLocal: toIso(row.endsAt),
  resource: row.resource,
  location: null,
  status: row.status,
  cancelledBy: row.cancelledBy,
  cancelReason: row.cancelReason,
  createdAt: toIso(row.createdAt),
})
