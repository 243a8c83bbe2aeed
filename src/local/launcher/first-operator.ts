import { renameSync, rmSync } from 'node:fs'
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { makePassword } from '../../platform/access/passwords.ts'
import { keptSecret, readIfThere, type DataFolder } from '../postgres/data-folder.ts'
import { StartError, explaining } from '../postgres/start-error.ts'

/**
 * Somebody must be able to see and mend everything from the first start on: a user like others,
 * with a password that nobody had to choose.
 *
 * The password is on the disk before it is sent, under the name of a draft, and gets its own name
 * when it has been shown. A start that finds a draft does all steps again, and those that were
 * done already change nothing.
 */
export const operatorName = 'operator'
/** Letters to it reach nobody: `.test` is never in the DNS. */
const operatorEmail = 'operator@orderly.test'
/** The same at each start, so that all attempts on one database are one sign-up. */
const signUpKey = 'first-operator'
const patienceMs = 10_000
const pauseMs = 100

export interface FirstOperator {
  readonly passwordFile: string
  /** Undefined when it was shown before. */
  readonly password: string | undefined
}

/** What is done in the database of identity. */
export interface Roles {
  /** Undefined when nobody has that name. */
  readonly rolesOf: (username: string) => Promise<readonly string[] | undefined>
  /** False when nobody has that name. */
  readonly makeOperator: (username: string) => Promise<boolean>
}

const passwordFiles = (data: DataFolder) => {
  const file = data.file('operator.password')
  return { file, draft: `${file}.new` }
}

/** Whether there is anything to do: an earlier start may have done it all, or a part. */
export const isOperatorMissing = async (data: DataFolder, { rolesOf }: Roles): Promise<boolean> =>
  readIfThere(passwordFiles(data).draft) !== undefined ||
  (await rolesOf(operatorName)) === undefined

/** The operator of an earlier start. Another launcher on the same Postgres may have made one. */
export const keptOperator = (data: DataFolder): FirstOperator | undefined => {
  const { file } = passwordFiles(data)
  return readIfThere(file) === undefined ? undefined : { passwordFile: file, password: undefined }
}

// --- the sign-up ----------------------------------------------------------------

interface Answer {
  readonly status: number
  readonly code: string | undefined
}

const postUser = async (gateway: string, password: string): Promise<Answer | undefined> => {
  try {
    const response = await fetch(`${gateway}/users`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': signUpKey },
      body: JSON.stringify({ username: operatorName, email: operatorEmail, password }),
      signal: AbortSignal.timeout(patienceMs),
    })
    const { code } = (await response.json()) as { readonly code?: string }
    return { status: response.status, code }
  } catch {
    return undefined
  }
}

const isRefusal = (answer: Answer | undefined): answer is Answer =>
  answer !== undefined && answer.status >= 400 && answer.status < 500 && answer.status !== 429

/** Repeats the sign-up until it is decided. Returns the refusal, or undefined when it was done. */
const signUp = async (
  gateway: string,
  password: string,
  ending: AbortSignal,
): Promise<Answer | undefined> => {
  const untilMs = performance.now() + patienceMs
  while (!ending.aborted) {
    const answer = await postUser(gateway, password)
    if (answer?.status === 201) return undefined
    if (isRefusal(answer)) return answer
    if (performance.now() > untilMs) break
    await sleep(pauseMs)
  }
  throw new StartError('the sign-up had no final answer; the next start goes on with it')
}

export interface OperatorMaking {
  readonly data: DataFolder
  readonly roles: Roles
  readonly gateway: string
  readonly ending: AbortSignal
}

/** Makes the operator, or goes on where an earlier start was interrupted. */
export const makeFirstOperator = async ({
  data,
  roles,
  gateway,
  ending,
}: OperatorMaking): Promise<FirstOperator | undefined> => {
  const { file, draft } = passwordFiles(data)
  // The folder may be older than the database, when that was moved away to begin with an empty one.
  const password = readIfThere(file)?.trim() ?? keptSecret(draft, makePassword)
  const refusal = await signUp(gateway, password, ending)
  if (refusal) {
    rmSync(draft, { force: true })
    // Another launcher may use the same Postgres, with a folder of its own, and was quicker.
    if ((await roles.rolesOf(operatorName))?.includes('operator')) return undefined
    throw new StartError(
      `the name "${operatorName}" belongs to somebody else (${refusal.code ?? refusal.status}): sign up under another one, and run npx node src/main.ts operator <username>`,
    )
  }
  if (!(await roles.makeOperator(operatorName))) {
    throw new StartError('its login is missing; the next start goes on with it')
  }
  return { passwordFile: file, password }
}

/** Must be called when the password was shown: it will not be shown again. */
export const operatorWasShown = (data: DataFolder) => {
  const { file, draft } = passwordFiles(data)
  if (readIfThere(draft) === undefined) return
  explaining(`the file ${file} cannot be written`, () => renameSync(draft, file))
}
