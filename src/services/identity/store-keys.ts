import { asc, isNotNull, sql } from 'drizzle-orm'
import type { Database } from '../../platform/database/db.ts'
import { defineStatement, json, rowsOf, type ItemOf } from '../../platform/database/statement.ts'
import { signingKeys, type PrivateJwk } from './schema.ts'

export type { PrivateJwk } from './schema.ts'

/** A key that is not removed. All times are by the clock of the database, which replicas share. */
export interface KnownKey {
  readonly kid: string
  readonly jwk: PrivateJwk
  /** For how long it has been allowed to sign. Negative: it is only published so far. */
  readonly signingMs: number
  /** There is a key after it. */
  readonly isRetiring: boolean
  /** It is to be removed. */
  readonly isOver: boolean
}

const rotateKeys = defineStatement(import.meta.url, {
  name: 'rotate keys',
  input: {
    kid: 'text',
    jwk: json<PrivateJwk>(),
    /** Also if the present key is young. */
    forced: 'boolean',
    lifetimeMs: 'bigint',
    leadMs: 'int',
    graceMs: 'int',
  },
  returns: rowsOf<{ readonly kid: string }>(),
})

const removeKeys = defineStatement(import.meta.url, {
  name: 'remove keys',
  input: {
    /** Null: all whose time is over. */
    kid: 'text?',
    nextKid: 'text',
    nextJwk: json<PrivateJwk>(),
  },
  returns: rowsOf<{ readonly kid: string }>(),
})

const kidsOf = (rows: readonly { readonly kid: string }[]) => rows.map(({ kid }) => kid)

export const createKeyStore = (database: Database) => ({
  /** The oldest first. */
  list: async (): Promise<KnownKey[]> => {
    const rows = await database.read('list keys', (reader) =>
      reader
        .select({
          kid: signingKeys.kid,
          jwk: signingKeys.jwk,
          signingMs: sql<number>`(extract(epoch from now() - ${signingKeys.signsFrom}) * 1000)::float8`,
          isRetiring: sql<boolean>`${signingKeys.retiresAt} is not null`,
          isOver: sql<boolean>`${signingKeys.retiresAt} is not null and ${signingKeys.retiresAt} <= now()`,
        })
        .from(signingKeys)
        .where(isNotNull(signingKeys.jwk))
        .orderBy(asc(signingKeys.generation)),
    )
    return rows.flatMap(({ jwk, ...row }) => (jwk === null ? [] : [{ ...row, jwk }]))
  },
  /** Returns the new key's id, or nothing when the present one is young or another replica was faster. */
  rotate: async (wanted: ItemOf<typeof rotateKeys>): Promise<string[]> =>
    kidsOf(await database.execute(rotateKeys, [wanted])),
  /** Returns the ids of the keys that are gone. */
  remove: async (wanted: ItemOf<typeof removeKeys>): Promise<string[]> =>
    kidsOf(await database.execute(removeKeys, [wanted])),
})

export type KeyStore = ReturnType<typeof createKeyStore>
