import { asc, eq, gte } from 'drizzle-orm'
import { alias } from 'drizzle-orm/pg-core'
import type { Database } from '../../platform/database/db.ts'
import { defineStatement, rowsOf, type ItemOf } from '../../platform/database/statement.ts'
import { uuidv7 } from '../../platform/base/ids.ts'
import { categories, categoryNames, type CategoryNameRow, type CategoryRow } from './schema.ts'
import { maxCategories, maxCategoryDepth } from './states.ts'
import type { Refused } from './store.ts'

type Named = CategoryNameRow & {
  readonly parentId: string | null
  /** `known` when an earlier request with the same key has done it. */
  readonly outcome: 'done' | 'known'
}

export type NamedCategory = Named | Refused<'missing' | 'full'>
export type RenamedCategory = Named | Refused<'missing'>

const insertCategories = defineStatement(import.meta.url, {
  name: 'insert categories',
  table: categoryNames,
  input: {
    id: 'uuid',
    nameId: 'uuid',
    name: 'text',
    parentId: 'uuid?',
    actor: 'uuid',
    idempotencyKey: 'text?',
    requestId: 'text',
    maxCategories: 'int',
    maxDepth: 'int',
  },
  returns: rowsOf<NamedCategory>(),
  /** Each takes the next place in the tree. */
  distinctBy: () => ['the tree'],
})

const renameCategories = defineStatement(import.meta.url, {
  name: 'rename categories',
  table: categoryNames,
  input: {
    id: 'uuid',
    categoryId: 'uuid',
    name: 'text',
    actor: 'uuid',
    idempotencyKey: 'text?',
    requestId: 'text',
  },
  returns: rowsOf<RenamedCategory>(),
  distinctBy: ({ categoryId }) => [categoryId],
})

type NewCategory = Omit<
  ItemOf<typeof insertCategories>,
  'id' | 'nameId' | 'maxCategories' | 'maxDepth'
>
type NewName = Omit<ItemOf<typeof renameCategories>, 'id'>

const above = alias(categories, 'above')
const top = alias(categories, 'top')

export const createCategoryStore = (database: Database) => {
  const insert = database.statement(insertCategories)
  const rename = database.statement(renameCategories)

  /** All of them, each after the one above it. */
  const listCategories = (): Promise<CategoryRow[]> =>
    database.read('list categories', (reader) =>
      reader
        .select()
        .from(categories)
        .where(gte(categories.place, 1))
        .orderBy(asc(categories.place))
        .limit(maxCategories),
    )

  /** The ids from the root to the category, or undefined if there is none. */
  const findPath = async (id: string): Promise<string[] | undefined> => {
    const [found] = await database.read('find path', (reader) =>
      reader
        .select({ top: top.id, above: above.id, id: categories.id })
        .from(categories)
        .leftJoin(above, eq(above.id, categories.parentId))
        .leftJoin(top, eq(top.id, above.parentId))
        .where(eq(categories.id, id)),
    )
    return found && [found.top, found.above, found.id].filter((each) => each !== null)
  }

  return {
    insert: (category: NewCategory): Promise<NamedCategory> =>
      insert({
        ...category,
        id: uuidv7(),
        nameId: uuidv7(),
        maxCategories,
        maxDepth: maxCategoryDepth,
      }),
    rename: (name: NewName): Promise<RenamedCategory> => rename({ ...name, id: uuidv7() }),
    listCategories,
    findPath,
  }
}

export type CategoryStore = ReturnType<typeof createCategoryStore>
