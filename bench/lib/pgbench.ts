import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { bareLetter, bareStatements } from './bare-statements.ts'
import type { BareDatabase, BenchPostgres } from './databases.ts'
import { accountCount, orderPrice, seededIdSql } from './ids.ts'

/**
 * Postgres' own load generator, where it is installed: the strictest comparison, because it is
 * written in C. It runs the same five statements.
 */
const run = promisify(execFile)

export const hasPgbench = async (): Promise<boolean> => {
  try {
    await run('pgbench', ['--version'])
    return true
  } catch {
    return false
  }
}

/**
 * pgbench has no lists of parameters, so the places become expressions. It reads every colon before
 * a name as a variable, even in quotes.
 */
const fill = (text: string, values: readonly string[]) =>
  `${text.replace(/\$(\d)/g, (_, place: string) => values[Number(place) - 1] ?? '').replace(/\s+/g, ' ')};`

const script = () => {
  const account = seededIdSql('account', ':account')
  const price = String(orderPrice)
  const email = `'bench@example.com'`
  const { subject, body } = bareLetter
  return [
    `\\set account random(0, ${accountCount - 1})`,
    `${fill(bareStatements.insertOrder, [
      'uuidv7()',
      account,
      price,
      `'A book and a lamp'`,
      'gen_random_uuid()::text',
      'uuidv7()::text',
    ]).slice(0, -1)} returning id as order_id \\gset`,
    fill(bareStatements.withdraw, [
      'uuidv7()',
      account,
      price,
      `'saga:' || :order_id::text`,
      ':order_id::text',
    ]),
    fill(bareStatements.decideOrder, [':order_id::uuid', email]),
    fill(bareStatements.insertLetter, [
      'uuidv7()',
      `:order_id::text || chr(58) || 'ORDER_APPROVED'`,
      account,
      email,
      ':order_id::uuid',
      price,
      `'${subject}'`,
      `'${body}'`,
    ]),
    fill(bareStatements.noteLetter, [':order_id::uuid']),
    '',
  ].join('\n')
}

/** pgbench prints the same error for each client: the first one is enough. */
const runQuietly: typeof run = (async (...args: Parameters<typeof run>) => {
  try {
    return await run(...args)
  } catch (error) {
    const [first = ''] = (error as { stderr?: string }).stderr?.split('\n') ?? []
    throw new Error(`pgbench failed: ${first}`, { cause: error })
  }
}) as typeof run

export interface PgbenchRun {
  readonly perSecond: number
  readonly latencyMs: number
}

const figure = (output: string, pattern: RegExp) => {
  const found = pattern.exec(output)?.[1]
  if (found === undefined) throw new Error(`pgbench said something else: ${output}`)
  return Number(found)
}

export const runPgbench = async (
  { data }: BenchPostgres,
  bare: BareDatabase,
  { clients, seconds }: { clients: number; seconds: number },
): Promise<PgbenchRun> => {
  const { hostname, port, username, password } = new URL(bare.url)
  const file = data.file('five-statements.sql')
  await writeFile(file, script())
  const { stdout } = await runQuietly(
    'pgbench',
    [
      '-n',
      '-M',
      'prepared',
      '-f',
      file,
      '-c',
      String(clients),
      '-j',
      '2',
      '-T',
      String(Math.max(1, Math.round(seconds))),
      '-h',
      hostname,
      '-p',
      port,
      '-U',
      username,
      'bare',
    ],
    { env: { PATH: process.env['PATH'], PGPASSWORD: decodeURIComponent(password) } },
  )
  if (!/number of failed transactions: 0 /.test(stdout))
    throw new Error(`pgbench failed: ${stdout}`)
  return {
    perSecond: figure(stdout, /tps = ([\d.]+)/),
    latencyMs: figure(stdout, /latency average = ([\d.]+) ms/),
  }
}
