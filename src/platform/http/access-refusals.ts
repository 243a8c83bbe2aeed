import { Counter } from 'prom-client'
import type { ProblemCode } from '../base/errors.ts'
import type { Metrics } from '../base/telemetry.ts'
import type { AdmittedRequest } from './admission.ts'

/** Why somebody was not let in. Two kinds of `unauthenticated` mean very different things. */
const reasonOf = ({ headers }: AdmittedRequest, code: ProblemCode) => {
  switch (code) {
    case 'unauthenticated':
      return headers.authorization === undefined ? 'no-token' : 'bad-token'
    case 'wrong-credentials':
    case 'session-ended':
    case 'forbidden':
    case 'too-many-attempts':
      return code
    default:
      return undefined
  }
}

const reasons = [
  'no-token',
  'bad-token',
  'wrong-credentials',
  'session-ended',
  'forbidden',
  'too-many-attempts',
] as const satisfies readonly ReturnType<typeof reasonOf>[]

/** Counts answers 401, 403 and 429, each once: where they were decided, not where they pass. */
export const createAccessRefusals = ({ registry }: Metrics) => {
  const counter = new Counter({
    name: 'access_refused_total',
    help: 'Requests of people and services that were not let in, by the reason',
    labelNames: ['reason'],
    registers: [registry],
  })
  for (const reason of reasons) counter.inc({ reason }, 0)
  return (request: AdmittedRequest) => {
    const { problemCode, isOthersProblem } = request
    if (problemCode === undefined || isOthersProblem === true) return
    const reason = reasonOf(request, problemCode)
    if (reason !== undefined) counter.inc({ reason })
  }
}
