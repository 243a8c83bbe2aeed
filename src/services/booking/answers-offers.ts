import { toIso } from '../../platform/base/time.ts'
import type { Offer } from './contract.ts'
import type { OfferRow } from './schema.ts'
import { toLocalIso } from './time-zones.ts'

/** An offer as it is now. */
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
  startsAtLocal: toLocalIso(row.startsAt, row.timeZone),
  endsAtLocal: toLocalIso(row.endsAt, row.timeZone),
  resource: row.resource,
  location: row.lat === null || row.lng === null ? null : { lat: row.lat, lng: row.lng },
  status: row.status,
  cancelledBy: row.cancelledBy,
  cancelReason: row.cancelReason,
  createdAt: toIso(row.createdAt),
})

/** The offer as its own `POST` answers it, whatever became of it later. */
export const offerAsCreated = (row: OfferRow): Offer => ({
  ...toOffer(row),
  status: 'OPEN',
  cancelledBy: null,
  cancelReason: null,
})
