import { toIso } from '../../platform/base/time.ts'
import type { Category, Company, Member } from './contract.ts'
import type { CategoryNameRow, CompanyRow, MemberRow } from './schema.ts'
import type { ShownVersion } from './store.ts'

/**
 * From rows to answers. Answers to writes use only rows that never change, so that a repeat gets the
 * same for ever; GET shows the present.
 */

type Shown = Omit<CompanyRow, 'version'>

const toLocation = ({ id, lat, lng }: Pick<Shown, 'id' | 'lat' | 'lng'>) => {
  if (lat === null && lng === null) return null
  if (lat === null || lng === null) throw new Error(`company ${id} has half a place on the map`)
  return { lat, lng }
}

export const companyNow = (row: Shown): Company => ({
  id: row.id,
  name: row.name,
  description: row.description,
  address: row.address,
  phone: row.phone,
  location: toLocation(row),
  active: row.active,
  createdAt: toIso(row.createdAt),
})

/** The company right after one of its changes, whatever became of it later. */
export const companyAsChanged = (version: ShownVersion): Company =>
  companyNow({ ...version, id: version.companyId, createdAt: version.companyCreatedAt })

export const memberNow = (row: MemberRow): Member => ({
  companyId: row.companyId,
  userId: row.userId,
  role: row.role,
  name: row.name,
  email: row.email,
  joinedAt: toIso(row.joinedAt),
  leftAt: row.leftAt && toIso(row.leftAt),
})

/** The member as they joined, whether they left since or not. */
export const memberAsAdded = (row: MemberRow): Member => memberNow({ ...row, leftAt: null })

/** The category as it was named then. */
export const categoryAsNamed = (
  row: Pick<CategoryNameRow, 'categoryId' | 'name'> & { readonly parentId: string | null },
): Category => ({ id: row.categoryId, name: row.name, parentId: row.parentId })
