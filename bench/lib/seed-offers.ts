import type { BenchDatabases } from './databases.ts'
import { analyseFilled } from './seed.ts'
import { companyCount, orderPrice, seededIdSql } from './ids.ts'

/**
 * Companies and offers as their services would have stored them. Time has passed for none of the
 * rows, so the guards that compare them with the clock are off while they are stored.
 */
const unguarded = 'set local session_replication_role = replica;'

/** Each company has one manager, who gets a letter about each booking. */
export const seedCompanies = async ({ admin }: BenchDatabases): Promise<void> => {
  await admin.company.unsafe(`${unguarded}
    insert into companies (id, name, active)
    select ${seededIdSql('company', 'i')}, 'Company ' || i, true
    from generate_series(0, ${companyCount - 1}) as i;
    insert into memberships (id, company_id, user_id, role, name, email, locale, joined_at,
      added_by, request_id)
    select gen_random_uuid(), ${seededIdSql('company', 'i')}, ${seededIdSql('manager', 'i')}, 'ADMIN',
      'Manager ' || i, 'manager-' || i || '@example.com', 'en', now() - interval '30 days',
      ${seededIdSql('manager', 'i')}, 'bench'
    from generate_series(0, ${companyCount - 1}) as i`)
  await analyseFilled(admin.company)
}

export interface OfferSeed {
  /** The number of the first one. */
  readonly from: number
  readonly count: number
  /** Over how many companies they are spread. */
  readonly companies: number
}

/** Open offers, one for each booking: an offer is booked once. */
export const seedOffers = async (
  { admin }: BenchDatabases,
  { from, count, companies }: OfferSeed,
): Promise<void> => {
  await admin.booking.unsafe(`${unguarded}
    insert into offers (id, company_id, category_id, title, price, starts_at, ends_at, time_zone,
      created_by, request_id)
    select ${seededIdSql('offer', 'i')}, ${seededIdSql('company', `i % ${companies}`)},
      gen_random_uuid(), 'An hour', ${orderPrice}, date_trunc('hour', now()) + i * interval '1 minute'
        + interval '30 days', date_trunc('hour', now()) + i * interval '1 minute'
        + interval '30 days 1 hour', 'UTC', ${seededIdSql('manager', `i % ${companies}`)}, 'bench'
    from generate_series(${from}, ${from + count - 1}) as i`)
  await admin.booking.unsafe('vacuum (analyze) offers')
}
