import { z } from '@hono/zod-openapi'
import { defineRoute } from '../../platform/http/contract.ts'
import { bodyProblems, problems } from '../../platform/http/problem-schemas.ts'
import {
  idSchema,
  idempotencyHeaders,
  jsonContent,
  replayedHeader,
} from '../../platform/http/schemas.ts'
import {
  bodyOf,
  categoryNameChangeSchema,
  categorySchema,
  categoryTreeSchema,
  newCategorySchema,
} from './contract-schemas.ts'

export const listCategoriesRoute = defineRoute({
  method: 'get',
  path: '/categories',
  operationId: 'listCategories',
  tags: ['company'],
  access: 'anyone',
  summary: 'The tree of categories',
  description: 'All of them, each after the one above it: at most 500, in at most 3 levels.',
  responses: {
    200: { description: 'The tree', content: jsonContent(categoryTreeSchema) },
    ...problems(),
  },
})

export const addCategoryRoute = defineRoute({
  method: 'post',
  path: '/categories',
  operationId: 'addCategory',
  tags: ['company'],
  access: 'operator',
  summary: 'Add a category',
  description: 'It stays where it is for ever: offers keep the path to it.',
  request: { headers: idempotencyHeaders, body: bodyOf(newCategorySchema) },
  responses: {
    201: {
      description: 'The category exists',
      headers: replayedHeader,
      content: jsonContent(categorySchema),
    },
    ...problems(...bodyProblems, 'category-not-found', 'category-limit', 'idempotency-key-reused'),
  },
})

export const renameCategoryRoute = defineRoute({
  method: 'patch',
  path: '/categories/{categoryId}',
  operationId: 'renameCategory',
  tags: ['company'],
  access: 'operator',
  summary: 'Rename a category',
  description: 'Only its name can change.',
  request: {
    params: z.object({ categoryId: idSchema('the category') }),
    headers: idempotencyHeaders,
    body: bodyOf(categoryNameChangeSchema),
  },
  responses: {
    200: {
      description: 'The category right after the change',
      headers: replayedHeader,
      content: jsonContent(categorySchema),
    },
    ...problems(...bodyProblems, 'category-not-found', 'not-found', 'idempotency-key-reused'),
  },
})
