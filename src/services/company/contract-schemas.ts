import { z } from '@hono/zod-openapi'
import { idSchema, jsonContent, textSchema, timeSchema } from '../../platform/http/schemas.ts'
import { locales, memberRoles } from './states.ts'

/** The bodies of company's requests and answers. */

export const bodyOf = <Schema extends z.ZodType>(schema: Schema) => ({
  required: true as const,
  content: jsonContent(schema),
})

export const exampleCompanyId = '019aa0b6-52a5-7c11-8f6e-2d3c4b5a6978'
export const exampleUserId = '019aa0b6-50f3-7a00-8b3d-1c2d3e4f5061'
export const exampleCategoryId = '019aa000-0000-7000-8000-000000000002'
const exampleRootId = '019aa000-0000-7000-8000-000000000001'

const exampleCompany = {
  id: exampleCompanyId,
  name: 'Barber on the Corner',
  description: 'Haircuts and shaves',
  address: '1 Main Street',
  phone: '+7 900 123-45-67',
  location: { lat: 55.7558, lng: 37.6173 },
  active: true,
  createdAt: '2026-11-20T09:29:00.000Z',
}

const { id: _id, active: _active, createdAt: _createdAt, ...exampleNewCompany } = exampleCompany

const locationSchema = z
  .strictObject({
    lat: z.number().min(-90, 'must be at least -90').max(90, 'must be at most 90'),
    lng: z.number().min(-180, 'must be at least -180').max(180, 'must be at most 180'),
  })
  .openapi({ description: 'The place on the map', example: exampleCompany.location })

const phoneSchema = z.string().regex(/^\+?[0-9][0-9 ()-]{3,30}$/, 'must be a phone number')

const nameSchema = textSchema(200)
const descriptionSchema = textSchema(2_000)
const addressSchema = textSchema(500)

export const companySchema = z
  .strictObject({
    id: idSchema('the company'),
    name: z.string(),
    description: z.string().nullable(),
    address: z.string().nullable(),
    phone: z.string().nullable(),
    location: locationSchema.nullable(),
    active: z.boolean().openapi({ description: 'Whether anything of it can be booked' }),
    createdAt: timeSchema,
  })
  .openapi('Company', { description: 'A company, as it shows itself', example: exampleCompany })

export const newCompanySchema = z
  .strictObject({
    name: nameSchema,
    description: descriptionSchema.optional(),
    address: addressSchema.optional(),
    phone: phoneSchema.optional(),
    location: locationSchema.optional(),
  })
  .openapi('NewCompany', { example: exampleNewCompany })

export const companyChangeSchema = z
  .strictObject({
    name: nameSchema.optional(),
    description: descriptionSchema.nullable().optional(),
    address: addressSchema.nullable().optional(),
    phone: phoneSchema.nullable().optional(),
    location: locationSchema.nullable().optional(),
    active: z.boolean().optional(),
  })
  .refine((change) => Object.keys(change).length > 0, 'must change something')
  .openapi('CompanyChange', {
    description: 'What is left out stays as it is; null takes it away',
    minProperties: 1,
    example: { phone: '+7 900 765-43-21', description: null },
  })

const roleSchema = z
  .enum(memberRoles)
  .openapi({ description: 'An ADMIN also changes the company and its members' })

const exampleMember = {
  companyId: exampleCompanyId,
  userId: exampleUserId,
  role: 'MANAGER' as const,
  name: 'Мария Иванова',
  email: 'masha@example.com',
  joinedAt: '2026-11-20T09:31:00.000Z',
  leftAt: null,
}

export const memberSchema = z
  .strictObject({
    companyId: idSchema('the company'),
    userId: idSchema('the user'),
    role: roleSchema,
    name: z.string().openapi({ description: 'As it was when they joined' }),
    email: z.string().openapi({ description: 'Letters about what is booked go there' }),
    joinedAt: timeSchema,
    leftAt: timeSchema.nullable().openapi({ description: 'Null for who has not left' }),
  })
  .openapi('Member', { description: 'Somebody who acts for a company', example: exampleMember })

export const newMemberSchema = z
  .strictObject({ userId: idSchema('the user who becomes a member'), role: roleSchema })
  .openapi('NewMember', { example: { userId: exampleUserId, role: 'MANAGER' } })

const exampleCategory = { id: exampleCategoryId, name: 'Hairdressers', parentId: exampleRootId }

export const categorySchema = z
  .strictObject({
    id: idSchema('the category'),
    name: z.string(),
    parentId: idSchema('the category above').nullable(),
  })
  .openapi('Category', {
    description: 'What offers are about. It never moves and never goes.',
    example: exampleCategory,
  })

export const categoryTreeSchema = z
  .strictObject({ items: z.array(categorySchema) })
  .openapi('CategoryTree', {
    description: 'All categories, each after the one above it',
    example: { items: [{ id: exampleRootId, name: 'Beauty', parentId: null }, exampleCategory] },
  })

const categoryNameSchema = textSchema(100)

export const newCategorySchema = z
  .strictObject({
    name: categoryNameSchema,
    parentId: idSchema('the category above; none for a root').optional(),
  })
  .openapi('NewCategory', { example: { name: 'Saunas' } })

export const categoryNameChangeSchema = z
  .strictObject({ name: categoryNameSchema })
  .openapi('NewCategoryName', { example: { name: 'Barbers and hairdressers' } })

export const standingSchema = z
  .strictObject({
    companyId: idSchema('the company'),
    active: z.boolean(),
    role: roleSchema.nullable().openapi({ description: 'Null for who is no member now' }),
    category: z
      .strictObject({
        id: idSchema('the category'),
        path: z.array(idSchema('a category')).openapi({ description: 'From its root to itself' }),
      })
      .nullable()
      .openapi({ description: 'Null if it was not asked for, or there is none' }),
  })
  .openapi('Standing', {
    description: 'What there is to know before something is offered or a manager acts',
    example: {
      companyId: exampleCompanyId,
      active: true,
      role: 'MANAGER',
      category: { id: exampleCategoryId, path: [exampleRootId, exampleCategoryId] },
    },
  })

/** A moment as answers of this system tell it: only one spelling, so that it can be compared. */
const momentPattern = /^[12]\d{3}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/

const isMoment = (text: string) => {
  const time = new Date(text)
  return !Number.isNaN(time.valueOf()) && time.toISOString() === text
}

const momentMessage = 'must be a time in UTC with milliseconds'

export const momentSchema = z
  .string()
  .regex(momentPattern, momentMessage)
  .refine(isMoment, momentMessage)
  .openapi({ description: 'UTC, with milliseconds', example: '2026-11-20T09:30:00.000Z' })

export const exampleManagers = {
  companyId: exampleCompanyId,
  at: '2026-11-20T09:30:00.000Z',
  managers: [
    {
      userId: exampleUserId,
      name: 'Мария Иванова',
      email: 'masha@example.com',
      locale: 'ru' as const,
    },
  ],
}

export const managersSchema = z
  .strictObject({
    companyId: idSchema('the company'),
    at: timeSchema,
    managers: z
      .array(
        z.strictObject({
          userId: idSchema('the member'),
          name: z.string(),
          email: z.string(),
          locale: z.enum(locales).openapi({ description: 'The language of letters' }),
        }),
      )
      .openapi({ description: 'By their ids' }),
  })
  .openapi('Managers', {
    description: 'Everybody who was a member of a company at one moment',
    example: exampleManagers,
  })
