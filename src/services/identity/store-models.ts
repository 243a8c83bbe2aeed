import { and, eq } from 'drizzle-orm'
import type { Database } from '../../platform/database/db.ts'
import { defineStatement, json, rowsOf } from '../../platform/database/statement.ts'
import { oidcModels } from './schema.ts'

export type Payload = Record<string, unknown>

const keyOf = ({ model, id }: { readonly model: string; readonly id: string | null }) =>
  `${model} ${id}`

const upsertModels = defineStatement(import.meta.url, {
  name: 'upsert models',
  input: {
    model: 'text',
    id: 'text',
    payload: json<Payload>(),
    uid: 'text?',
    grantId: 'text?',
    lifetimeMs: 'bigint',
  },
  returns: rowsOf<{ readonly id: string }>(),
  distinctBy: (item) => [keyOf(item)],
})

const consumeModels = defineStatement(import.meta.url, {
  name: 'consume models',
  input: { model: 'text', id: 'text' },
  returns: rowsOf<{ readonly consumed: boolean }>(),
  distinctBy: (item) => [keyOf(item)],
})

const destroyModels = defineStatement(import.meta.url, {
  name: 'destroy models',
  /** One, by its id, or all of a grant. */
  input: { model: 'text', id: 'text?', grantId: 'text?' },
  returns: rowsOf<object>(),
})

const forgetModels = defineStatement(import.meta.url, {
  name: 'forget models',
  input: { maxRows: 'int' },
  returns: rowsOf<{ readonly id: string }>(),
})

type ModelRow = typeof oidcModels.$inferSelect

export const createModelStore = (database: Database) => {
  const first = (rows: readonly ModelRow[]): ModelRow | undefined => rows[0]
  return {
    upsert: database.statement(upsertModels),
    consume: database.statement(consumeModels),
    destroy: database.statement(destroyModels),
    find: async (model: string, id: string) =>
      first(
        await database.read('find model', (reader) =>
          reader
            .select()
            .from(oidcModels)
            .where(and(eq(oidcModels.model, model), eq(oidcModels.id, id))),
        ),
      ),
    findByUid: async (model: string, uid: string) =>
      first(
        await database.read('find model by uid', (reader) =>
          reader
            .select()
            .from(oidcModels)
            .where(and(eq(oidcModels.uid, uid), eq(oidcModels.model, model))),
        ),
      ),
    forget: async (maxRows: number): Promise<number> =>
      (await database.execute(forgetModels, [{ maxRows }])).length,
  }
}

export type ModelStore = ReturnType<typeof createModelStore>
