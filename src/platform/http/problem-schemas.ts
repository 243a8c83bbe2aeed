import { z } from '@hono/zod-openapi'
import { problemContentType, problemTable, type ProblemCode } from '../base/errors.ts'
import { exampleReference, problemExample } from './problem-examples.ts'

/** Schemas of the problems with which routes answer, as the contract shows them. */
export const problemSchema = z
  .strictObject({
    type: z.string().openapi({ description: 'What went wrong, as a URI: names the code' }),
    title: z.string().openapi({ description: 'What went wrong, for people' }),
    status: z.int().openapi({ description: 'The HTTP status again' }),
    detail: z.string().openapi({ description: 'What to do about this one' }),
    code: z
      .enum(Object.keys(problemTable) as [ProblemCode, ...ProblemCode[]])
      .openapi({ description: 'What went wrong, for programs' }),
    requestId: z.string().openapi({ description: 'Find the request in the logs by this id' }),
    errors: z
      .array(z.strictObject({ field: z.string(), message: z.string() }))
      .optional()
      .openapi({ description: 'Which fields were not valid, and why' }),
  })
  .openapi('Problem', {
    example: problemExample('validation-failed'),
  })

export type ProblemBody = z.infer<typeof problemSchema>

type Example = { readonly value: unknown } | { readonly $ref: string }

/** The content of a problem answer, with an example for each code that it may have. */
export const problemContent = <Schema extends z.ZodType>(
  schema: Schema,
  examples: Readonly<Partial<Record<ProblemCode, Example>>>,
) => ({
  [problemContentType]: { schema, examples },
})

const problemDescriptions: Record<number, string> = {
  400: 'The request is not valid; `errors` names the fields. Nothing was changed.',
  401: 'A valid token is needed. Nothing was done.',
  403: 'The token is valid, and this is not its bearer’s to do. Nothing was done.',
  404: 'There is no such thing, or it is not yours.',
  409: 'It cannot be done in the present state; the `code` says why. Nothing was changed.',
  413: 'The body is larger than 64 KiB.',
  415: 'The body is not declared as one JSON document.',
  429: 'Too many attempts. Try again after `Retry-After`.',
  422: 'The Idempotency-Key was used before with another payload. Nothing was changed.',
  500: 'Something went wrong on our side. Repeating it does nothing twice.',
  502: 'The service could not be reached, or it broke off. Repeat it after `Retry-After`.',
  503: 'Too busy, or the database does not work now. Nothing was done: repeat it after `Retry-After`.',
  504: 'The service or its database did not answer. Repeat it after `Retry-After`, which does nothing twice.',
}

/** Descriptions for routes that take a key: they do the work again for a repeat without one. */
const keyedDescriptions: Record<number, string> = {
  500: 'Something went wrong on our side; whether it was done is not known. Repeat it with the same key or not at all.',
  502: 'The service could not be reached. Nothing was done: repeat it after `Retry-After`.',
  504: 'The service or its database did not answer; whether it was done is not known. Repeat it with the same key. Without a key there is no `Retry-After`: a repeat could do it twice.',
}

export const retryAfterHeader = {
  'Retry-After': {
    description: 'Seconds after which a repeat makes sense',
    schema: { type: 'integer' as const, minimum: 0 },
    example: 1,
  },
}

const challengeHeader = {
  'WWW-Authenticate': {
    description: 'What kind of token is needed, and what was wrong with the one that came',
    schema: { type: 'string' as const },
    example: 'Bearer realm="orderly"',
  },
}

/** Codes with which every route may answer. */
const everywhere = [
  'validation-failed',
  'invalid-idempotency-key',
  'malformed-http',
  'internal',
  'upstream-unavailable',
  'overloaded',
  'unavailable',
  'upstream-timeout',
] as const satisfies readonly ProblemCode[]

/** Codes with which every route with a JSON body may answer. */
export const bodyProblems = [
  'malformed-json',
  'payload-too-large',
  'unsupported-media-type',
  'outcome-unknown',
] as const satisfies readonly ProblemCode[]

const byStatus = (codes: readonly ProblemCode[]) => {
  const statuses = new Map<number, ProblemCode[]>()
  for (const code of codes) {
    const { status } = problemTable[code]
    statuses.set(status, [...(statuses.get(status) ?? []), code])
  }
  return [...statuses].toSorted(([one], [other]) => one - other)
}

const headersOf = (status: number, codes: readonly ProblemCode[]) => {
  if (codes.includes('unauthenticated')) return { headers: challengeHeader }
  return [409, 429, 502, 503, 504].includes(status) ? { headers: retryAfterHeader } : {}
}

const answersOf = (
  codes: readonly ProblemCode[],
  descriptions: Readonly<Record<number, string>>,
): {} =>
  Object.fromEntries(
    byStatus(codes).map(([status, possible]) => [
      status,
      {
        description: descriptions[status] ?? 'A problem',
        content: problemContent(
          problemSchema,
          Object.fromEntries(possible.map((code) => [code, { $ref: exampleReference(code) }])),
        ),
        ...headersOf(status, possible),
      },
    ]),
  )

/**
 * Makes the problem answers of a route from its codes. The type is empty on purpose: handlers
 * throw problems, so the types of what they return need not include them.
 */
export const problems = (...codes: readonly ProblemCode[]): {} => {
  const takesKey = codes.includes('idempotency-key-reused')
  const descriptions = { ...problemDescriptions, ...(takesKey ? keyedDescriptions : {}) }
  return answersOf([...everywhere, ...codes], descriptions)
}

/** The answers to those whom the route's word does not let in. */
export const accessProblems = (...codes: readonly ProblemCode[]): {} =>
  answersOf(codes, problemDescriptions)
