import {
  committedContracts,
  ContractViolation,
  createContractChecker,
  createValidator,
} from '../../judge/contract-check.ts'
import { describeCase, type Case } from './cases.ts'
import type { Oracle } from './oracle.ts'
import { takeResponses, type Wire, type WireResponse } from './wire.ts'
import type { RawCase } from './raw-cases.ts'

/** Returns what is wrong with an answer, or undefined. */
const bodyLimitBytes = 64 * 1024

/** Codes for a request that the contract does not allow: they say that nothing began. */
const refusalCodes = new Set([
  'malformed-http',
  'misdirected-request',
  'unknown-transfer-coding',
  'headers-too-large',
  'validation-failed',
  'malformed-json',
  'invalid-idempotency-key',
  'not-found',
  'method-not-allowed',
  'payload-too-large',
  'unsupported-media-type',
  'unauthenticated',
])

/** Statuses that are decided before the route is known, so no route's contract has them. */
const beforeOperations = new Set([421, 501])

/** Methods whose answers no contract describes, or which have no body. */
const undescribed = new Set(['HEAD', 'OPTIONS', 'TRACE'])

const isPage = (path: string) => /^\/($|\?|docs|openapi|healthz|readyz|metrics)/.test(path)

export const parseBody = ({ headers, body }: WireResponse): unknown => {
  if (!/[/+]json\b/.test(headers['content-type'] ?? '')) return body.toString('latin1')
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    return undefined
  }
}

const createProblemCheck = () => {
  const [document] = committedContracts().values()
  const validate = createValidator().compile(document?.components?.schemas?.['Problem'] as object)
  return (response: WireResponse): string | undefined => {
    const type = response.headers['content-type']
    if (type !== 'application/problem+json') return `the error is ${type ?? 'of no type'}`
    const body = parseBody(response)
    if (!validate(body)) return `the error is no problem document: ${JSON.stringify(body)}`
    const { status } = body as { status: number }
    if (status !== response.status)
      return `the problem says ${status}, the answer ${response.status}`
    return response.headers['x-request-id'] === undefined ? 'there is no X-Request-Id' : undefined
  }
}

export const createJudge = (oracle: Oracle) => {
  const { check } = createContractChecker()
  const problemFault = createProblemCheck()

  const serverFault = (response: WireResponse): string | undefined => {
    if (response.status < 500) return undefined
    const code = (parseBody(response) as { code?: string } | undefined)?.code
    // These are planned: too many requests at once, or an unknown coding.
    return code === 'overloaded' || code === 'unknown-transfer-coding'
      ? undefined
      : `${response.status} ${code}`
  }

  const contractFault = (one: Case, response: WireResponse, isDeclared: boolean) => {
    const isDescribed = !undescribed.has(one.method) || (one.method === 'HEAD' && isDeclared)
    if (!isDescribed) return undefined
    if (one.method !== 'HEAD' && beforeOperations.has(response.status)) {
      return problemFault(response)
    }
    if (!isDeclared) {
      if (response.status >= 400) return problemFault(response)
      return isPage(one.path) ? undefined : 'it was answered, but no contract has it'
    }
    try {
      const { status, headers } = response
      check({ method: one.method, path: one.path, status, headers, body: parseBody(response) })
      return undefined
    } catch (error) {
      if (error instanceof ContractViolation) return error.message
      throw error
    }
  }

  const expectationFault = (
    { method, path }: Case,
    response: WireResponse,
    expectation: 'refused' | 'accepted' | 'open',
  ) => {
    const { status } = response
    const code = String((parseBody(response) as { code?: string } | undefined)?.code)
    if (undescribed.has(method) || isPage(path)) return undefined
    if (expectation === 'refused' && !refusalCodes.has(code)) {
      return `the contract does not allow it, and the answer is ${status} ${code}`
    }
    if (expectation === 'accepted' && refusalCodes.has(code)) {
      return `the contract allows it, and the answer is ${status} ${response.body.toString('utf8').slice(0, 300)}`
    }
    return undefined
  }

  const faultOf = (one: Case, response: WireResponse): string | undefined => {
    const { operation, expectation } = oracle.judge(one)
    const fault =
      serverFault(response) ??
      contractFault(one, response, operation !== undefined) ??
      expectationFault(one, response, expectation)
    return response.status === 503 && fault?.startsWith('the contract') ? undefined : fault
  }

  /** The server may cut a connection while it is sent a body that is too large. */
  const mayBeCut = ({ body }: Case) => (body?.length ?? 0) > bodyLimitBytes

  const rawFault = (received: Buffer, isClosed: boolean): string | undefined => {
    const { responses, rest } = takeResponses(received, isClosed)
    for (const response of responses) {
      if (response.status < 400) return `it was answered with ${response.status}`
      const fault = serverFault(response) ?? problemFault(response)
      if (fault !== undefined) return `${response.status}: ${fault}`
    }
    return rest.length === 0
      ? undefined
      : `half an answer: ${rest.toString('latin1').slice(0, 200)}`
  }

  return {
    faultOf,
    mayBeCut,
    rawFault,
    expectationOf: (one: Case) => oracle.judge(one).expectation,
  }
}

export type Judge = ReturnType<typeof createJudge>

export interface Sent {
  readonly response?: WireResponse
  readonly fault?: string
}

export const sendCase = async (judge: Judge, wire: Wire, one: Case): Promise<Sent> => {
  try {
    const response = await wire.send(one)
    const fault = judge.faultOf(one, response)
    return fault === undefined ? { response } : { response, fault }
  } catch (error) {
    return judge.mayBeCut(one) ? {} : { fault: (error as Error).message }
  }
}

/** Leaves out headers and members of the body while the same kind of fault remains. */
export const shrink = async (one: Case, fault: string, retry: (smaller: Case) => Promise<Sent>) => {
  const kind = fault.slice(0, 24)
  let smallest = one
  const tryOut = async (smaller: Case) => {
    const { fault: found } = await retry(smaller)
    if (found?.startsWith(kind)) smallest = smaller
  }
  for (const header of one.headers) {
    await tryOut({ ...smallest, headers: smallest.headers.filter((each) => each !== header) })
  }
  for (const name of membersOf(one.body)) {
    const members = JSON.parse(smallest.body?.toString('utf8') ?? '{}') as Record<string, unknown>
    const { [name]: _left, ...rest } = members
    await tryOut({ ...smallest, body: Buffer.from(JSON.stringify(rest)) })
  }
  return smallest
}

const membersOf = (body: Buffer | undefined): string[] => {
  try {
    const value: unknown = JSON.parse(body?.toString('utf8') ?? '')
    return value !== null && typeof value === 'object' && !Array.isArray(value)
      ? Object.keys(value)
      : []
  } catch {
    return []
  }
}

export const describeFault = (one: Case, { fault, response }: Sent): string => {
  const answer =
    response === undefined
      ? ''
      : `\n    -> ${response.status} ${response.body.toString('utf8').slice(0, 600)}`
  return `${fault}\n    ${describeCase(one)}${answer}`
}

export const describeRaw = ({ label, parts }: RawCase, target: string, fault: string): string => {
  const text = parts
    .map((part) =>
      typeof part === 'number'
        ? `<${part} ms>`
        : JSON.stringify(part.toString('latin1').slice(0, 700)),
    )
    .join(' ')
  return `${fault}\n    raw (${label}) at ${target}: ${text}`
}
