import { Agent } from 'undici'
import { createContractChecker, type ContractChecker } from '../contract-check.ts'
import type { Wanted } from './requests.ts'

/** A plain request and its answer, checked against the contracts like every answer in the tests. */
export interface Told {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
  /** The problem's code; undefined for an answer that is no problem. */
  readonly code: string | undefined
}

const timeoutMs = 20_000

export const createAsk = (checker: ContractChecker = createContractChecker()) => {
  const agent = new Agent({ connections: 4, keepAliveTimeout: 1_000 })

  const ask = async (
    url: string,
    wanted: Wanted,
    headers: Readonly<Record<string, string | string[]>> = {},
    isChecked = true,
  ): Promise<Told> => {
    const { method, path, body } = wanted
    const response = await agent.request({
      origin: url,
      path,
      method: method as 'GET',
      signal: AbortSignal.timeout(timeoutMs),
      headers: { ...wanted.headers, ...headers },
      body: body ?? null,
    })
    const text = await response.body.text()
    const { statusCode: status } = response
    const isJson = /[/+]json\b/.test(String(response.headers['content-type']))
    const parsed = text === '' ? undefined : isJson ? (JSON.parse(text) as { code?: string }) : text
    if (isChecked) checker.check({ method, path, status, headers: response.headers, body: parsed })
    const code = status >= 400 && typeof parsed === 'object' ? parsed.code : undefined
    return { status, headers: response.headers, text, code }
  }

  return { ask, close: () => agent.close() }
}

export type Ask = ReturnType<typeof createAsk>['ask']
