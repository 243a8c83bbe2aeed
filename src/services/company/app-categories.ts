import { requestIdIn, type ServiceApp } from '../../platform/http/app.ts'
import { ProblemError } from '../../platform/base/errors.ts'
import { personIn, sentKeyIn } from '../../platform/http/caller.ts'
import { replayedHeaders } from '../../platform/http/schemas.ts'
import { categoryAsNamed } from './answers.ts'
import {
  addCategoryRoute,
  listCategoriesRoute,
  renameCategoryRoute,
} from './contract-categories.ts'
import { categoryNotFound, keyReused } from './refusals.ts'
import { maxCategories, maxCategoryDepth } from './states.ts'
import type { CategoryStore } from './store-categories.ts'

const treeIsFull = () =>
  new ProblemError(
    'category-limit',
    `There may be ${maxCategories} categories, in ${maxCategoryDepth} levels.`,
  )

export const serveCategories = (app: ServiceApp, store: CategoryStore) => {
  app.openapi(listCategoriesRoute, async (c) => {
    const rows = await store.listCategories()
    return c.json({ items: rows.map(({ id, name, parentId }) => ({ id, name, parentId })) }, 200)
  })

  app.openapi(addCategoryRoute, async (c) => {
    const { name, parentId = null } = c.req.valid('json')
    const { id: actor } = personIn(c)
    const idempotencyKey = sentKeyIn(c)
    const requestId = requestIdIn(c)
    const named = await store.insert({ name, parentId, actor, idempotencyKey, requestId })
    if (named.outcome === 'missing') throw categoryNotFound()
    if (named.outcome === 'full') throw treeIsFull()
    if (named.name !== name || named.parentId !== parentId) throw keyReused()
    return c.json(categoryAsNamed(named), 201, replayedHeaders(named.outcome === 'known'))
  })

  app.openapi(renameCategoryRoute, async (c) => {
    const { categoryId } = c.req.valid('param')
    const { name } = c.req.valid('json')
    const { id: actor } = personIn(c)
    const idempotencyKey = sentKeyIn(c)
    const requestId = requestIdIn(c)
    const named = await store.rename({ categoryId, name, actor, idempotencyKey, requestId })
    if (named.outcome === 'missing') throw categoryNotFound()
    if (named.name !== name) throw keyReused()
    return c.json(categoryAsNamed(named), 200, replayedHeaders(named.outcome === 'known'))
  })
}
