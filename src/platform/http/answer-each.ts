import { toProblem } from './app.ts'
import { problemDocument, problemTable } from '../base/errors.ts'
import type { ProblemBody } from './problem-schemas.ts'
import type { Log } from '../base/telemetry.ts'

export interface Answer<Body> {
  readonly status: number
  readonly body: Body
}

/**
 * Answers each of the calls that share a request as if it had come alone: the outcome of one call
 * does not change the answer to another.
 */
export const answerEach = <Call extends { readonly requestId: string }, Body>(
  calls: readonly Call[],
  answer: (call: Call) => Promise<Answer<Body>>,
  log: Log,
): Promise<Answer<Body | ProblemBody>[]> => {
  if (calls.length > 1)
    log.info({ requestIds: calls.map(({ requestId }) => requestId) }, 'calls share a request')
  return Promise.all(
    calls.map(async (call): Promise<Answer<Body | ProblemBody>> => {
      try {
        return await answer(call)
      } catch (error) {
        const { code, message, options } = toProblem(error, log, 'with its key')
        const body = problemDocument(code, message, call.requestId, options) as ProblemBody
        return { status: problemTable[code].status, body }
      }
    }),
  )
}
