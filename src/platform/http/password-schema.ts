import type { z } from '@hono/zod-openapi'
import { isWellKnown, maxPasswordLength, minPasswordLength } from './well-known-passwords.ts'
import { textSchema } from './schemas.ts'

/** Counts characters as JSON Schema does: an emoji is one. */
const isLongEnough = (password: string) => Array.from(password).length >= minPasswordLength

/** A password that somebody chooses. Where one is only compared, any text will do. */
export const passwordSchema: z.ZodType<string> = textSchema(maxPasswordLength)
  .refine(isLongEnough, `must have at least ${minPasswordLength} characters`)
  .refine(
    (password) => !isWellKnown(password),
    'is one of the passwords that everybody tries first',
  )
  .openapi({
    format: 'password',
    writeOnly: true,
    minLength: minPasswordLength,
    description: 'Any characters, but not one of the passwords that are guessed first',
    example: 'three brave hedgehogs',
  })
