import { z } from '@hono/zod-openapi'
import { actsRoute } from '../../platform/http/acts-contract.ts'
import { searchRoute } from '../../platform/http/search-contract.ts'
import { defineRoute, type ServiceContract } from '../../platform/http/contract.ts'
import { bodyProblems, problemSchema, problems } from '../../platform/http/problem-schemas.ts'
import {
  answersSchema,
  idSchema,
  idempotencyHeaders,
  jsonContent,
  locationHeader,
  pageQuery,
  pageSchema,
  replayedHeader,
  requestIdSchema,
  together,
} from '../../platform/http/schemas.ts'
import {
  addCategoryRoute,
  listCategoriesRoute,
  renameCategoryRoute,
} from './contract-categories.ts'
import {
  bodyOf,
  type categorySchema,
  companyChangeSchema,
  companySchema,
  exampleCompanyId,
  exampleManagers,
  managersSchema,
  memberSchema,
  momentSchema,
  newCompanySchema,
  newMemberSchema,
  standingSchema,
} from './contract-schemas.ts'

const params = z.object({ companyId: idSchema('the company') })

export const createCompanyRoute = defineRoute({
  method: 'post',
  path: '/companies',
  operationId: 'createCompany',
  tags: ['company'],
  access: 'person',
  summary: 'Create a company',
  description:
    'Whoever creates it becomes its first ADMIN. When nobody can say now who that is, the answer is 503 and nothing is kept.',
  request: { headers: idempotencyHeaders, body: bodyOf(newCompanySchema) },
  responses: {
    201: {
      description: 'The company exists',
      headers: { ...locationHeader('companies'), ...replayedHeader },
      content: jsonContent(companySchema),
    },
    ...problems(...bodyProblems, 'user-not-found', 'idempotency-key-reused'),
  },
})

export const listCompaniesRoute = defineRoute({
  method: 'get',
  path: '/companies',
  operationId: 'listCompanies',
  tags: ['company'],
  access: 'person',
  summary: 'Companies',
  description:
    'Newest first: those that are active, and for an operator all. With `mine=true` those of which you are a member now, active or not.',
  request: {
    query: z.strictObject({
      mine: z
        .enum(['true', 'false'])
        .optional()
        .openapi({ description: '`true`: only those of which you are a member', example: 'true' }),
      ...pageQuery,
    }),
  },
  responses: {
    200: {
      description: 'A page of companies',
      content: jsonContent(pageSchema(companySchema, 'CompanyPage')),
    },
    ...problems(),
  },
})

export const getCompanyRoute = defineRoute({
  method: 'get',
  path: '/companies/{companyId}',
  operationId: 'getCompany',
  tags: ['company'],
  access: 'anyone',
  summary: 'A company',
  description: 'The company as it is now: its shop window, for everybody.',
  request: { params },
  responses: {
    200: { description: 'The company', content: jsonContent(companySchema) },
    ...problems('company-not-found', 'not-found'),
  },
})

export const changeCompanyRoute = defineRoute({
  method: 'patch',
  path: '/companies/{companyId}',
  operationId: 'changeCompany',
  tags: ['company'],
  access: 'person',
  summary: 'Change a company',
  description:
    'For its ADMINs. What is left out stays as it is. A company that is not active offers nothing new.',
  request: { params, headers: idempotencyHeaders, body: bodyOf(companyChangeSchema) },
  responses: {
    200: {
      description: 'The company right after the change',
      headers: replayedHeader,
      content: jsonContent(companySchema),
    },
    ...problems(
      ...bodyProblems,
      'forbidden',
      'company-not-found',
      'not-found',
      'idempotency-key-reused',
    ),
  },
})

export const addMemberRoute = defineRoute({
  method: 'post',
  path: '/companies/{companyId}/members',
  operationId: 'addMember',
  tags: ['company'],
  access: 'person',
  summary: 'Let somebody act for a company',
  description:
    'For its ADMINs. The name and the address of the new member are kept as the user service tells them now. When it does not answer, the answer is 503 and nothing is kept.',
  request: { params, headers: idempotencyHeaders, body: bodyOf(newMemberSchema) },
  responses: {
    201: {
      description: 'A member from now on',
      headers: replayedHeader,
      content: jsonContent(memberSchema),
    },
    ...problems(
      ...bodyProblems,
      'forbidden',
      'company-not-found',
      'user-not-found',
      'not-found',
      'member-exists',
      'member-limit',
      'idempotency-key-reused',
    ),
  },
})

export const listMembersRoute = defineRoute({
  method: 'get',
  path: '/companies/{companyId}/members',
  operationId: 'listMembers',
  tags: ['company'],
  access: 'person',
  summary: 'Who acts for a company',
  description: 'For its members: everybody who is one now, by their ids.',
  request: { params, query: z.strictObject(pageQuery) },
  responses: {
    200: {
      description: 'A page of members',
      content: jsonContent(pageSchema(memberSchema, 'MemberPage')),
    },
    ...problems('forbidden', 'company-not-found', 'not-found'),
  },
})

export const removeMemberRoute = defineRoute({
  method: 'delete',
  path: '/companies/{companyId}/members/{userId}',
  operationId: 'removeMember',
  tags: ['company'],
  access: 'person',
  summary: 'Let somebody act for a company no more',
  description:
    'For its ADMINs, and for the member, who may leave. The last ADMIN cannot go. A repeat answers the same as the first time.',
  request: { params: params.extend({ userId: idSchema('the member') }) },
  responses: {
    200: { description: 'A member no more', content: jsonContent(memberSchema) },
    ...problems(
      'forbidden',
      'company-not-found',
      'member-not-found',
      'not-found',
      'last-admin',
      'outcome-unknown',
    ),
  },
})

/** It takes offers, and owes letters to managers. */
const askers = { services: ['booking'] } as const

export const getStandingRoute = defineRoute({
  method: 'get',
  path: '/companies/{companyId}/standing',
  operationId: 'getStanding',
  tags: ['company'],
  access: askers,
  summary: 'What somebody may do for a company',
  description:
    'For the booking service, not routed by the gateway: whether the company is active, what the user is there now, and where the category stands in the tree.',
  request: {
    params,
    query: z.strictObject({
      userId: idSchema('the user who wants to act'),
      categoryId: idSchema('the category').optional(),
    }),
  },
  responses: {
    200: { description: 'The standing now', content: jsonContent(standingSchema) },
    ...problems('company-not-found', 'not-found'),
  },
})

export const findManagersRoute = defineRoute({
  method: 'post',
  // A word after /companies would be an id, too.
  path: '/managers/many',
  operationId: 'findManagers',
  tags: ['company'],
  access: askers,
  summary: 'Who were the members of companies, many at once',
  description:
    'For the booking service, not routed by the gateway. Each question is answered in its place, and for one company and moment always the same. A moment that is not over yet is answered 409 `too-early`: ask again.',
  request: {
    body: bodyOf(
      z
        .strictObject({
          questions: together(
            z.strictObject({
              companyId: idSchema('the company'),
              at: momentSchema,
              requestId: requestIdSchema,
            }),
          ),
        })
        .openapi('ManagerQuestions', {
          example: {
            questions: [
              {
                companyId: exampleCompanyId,
                at: '2026-11-20T09:30:00.000Z',
                requestId: '019aa0b6-5200-7b00-9d11-3e4f50617280',
              },
            ],
          },
        }),
    ),
  },
  responses: {
    200: {
      description: 'An answer for each, in their order: 200, 404, 409, 503 or 504',
      content: jsonContent(
        answersSchema(z.union([managersSchema, problemSchema])).openapi('ManagerAnswers', {
          example: { answers: [{ status: 200, body: exampleManagers }] },
        }),
      ),
    },
    ...problems(...bodyProblems),
  },
})

export const listActsRoute = actsRoute('company')
export const searchCompanyRoute = searchRoute('company', 'By the id of a company.')

export type Company = z.infer<typeof companySchema>
export type NewCompany = z.infer<typeof newCompanySchema>
export type CompanyChange = z.infer<typeof companyChangeSchema>
export type Member = z.infer<typeof memberSchema>
export type Category = z.infer<typeof categorySchema>
export type Managers = z.infer<typeof managersSchema>

export const contract: ServiceContract = {
  service: 'company',
  title: 'orderly company',
  description: 'Companies, who manages them, and the categories of what they offer.',
  version: '1.0.0',
  routes: [
    createCompanyRoute,
    listCompaniesRoute,
    getCompanyRoute,
    changeCompanyRoute,
    addMemberRoute,
    listMembersRoute,
    removeMemberRoute,
    listCategoriesRoute,
    addCategoryRoute,
    renameCategoryRoute,
    getStandingRoute,
    findManagersRoute,
    listActsRoute,
    searchCompanyRoute,
  ],
}
