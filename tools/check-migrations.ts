import { glob, readFile } from 'node:fs/promises'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { projectRoot } from './run-tool.ts'

/**
 * During a rollout, and after a rollback, the previous release runs on the new schema. So a
 * migration may add, but must not remove, rename or tighten what that release uses
 * (docs/migrations.md). This tool finds statements that may do so. A statement that is known to be
 * harmless is listed below, with the reason.
 */
interface Rule {
  readonly name: string
  readonly pattern: RegExp
}

const rules: readonly Rule[] = [
  { name: 'drop', pattern: /\bdrop\b(?! not null)/ },
  { name: 'rename', pattern: /\brename\b/ },
  {
    name: 'not-null',
    pattern: /\bset not null\b|\badd (column )?(?!constraint\b)(?!.*\bdefault\b).*\bnot null\b/,
  },
  { name: 'type', pattern: /\balter (column )?\S+ (set data )?type\b/ },
  {
    name: 'constraint',
    pattern: /\badd (constraint\b|check\b|unique\b|primary key\b|foreign key\b|exclude\b)/,
  },
  { name: 'constraint', pattern: /\badd column\b.*\b(unique|check|primary key|references)\b/ },
  { name: 'unique-index', pattern: /^create unique index\b/ },
  { name: 'trigger', pattern: /^create (or replace )?(constraint )?trigger\b/ },
]

interface Allowance {
  /** `service/file`, without `.sql`. */
  readonly migration: string
  readonly rule: string
  /** Why the previous release is not affected. */
  readonly reason: string
}

const neverDone = 'no release ever did what it refuses'
const neverWritten = 'every release wrote only what is listed, and rows of before are not looked at'

const keyInFront =
  'each key is there again in the same migration, of the same columns in another order'

const allowances: readonly Allowance[] = [
  { migration: 'billing/0001_guards', rule: 'trigger', reason: neverDone },
  { migration: 'billing/0002_keep_history', rule: 'trigger', reason: neverDone },
  { migration: 'billing/0003_letters_stay', rule: 'trigger', reason: neverDone },
  { migration: 'billing/0004_accounts_are_final', rule: 'trigger', reason: neverDone },
  { migration: 'billing/0005_known_values', rule: 'constraint', reason: neverWritten },
  {
    migration: 'booking/0002_lists_say_more',
    rule: 'drop',
    reason: 'the key is there again in the next statement',
  },
  {
    migration: 'booking/0002_lists_say_more',
    rule: 'constraint',
    reason: 'it is the same key as before, which includes more columns',
  },
  {
    migration: 'billing/0009_retries',
    rule: 'drop',
    reason: keyInFront,
  },
  {
    migration: 'billing/0009_retries',
    rule: 'constraint',
    reason: keyInFront,
  },
  {
    migration: 'booking/0003_no_needless_checks',
    rule: 'drop',
    reason: 'its statements store no row whose offer or booking is not there, and none is deleted',
  },
  {
    migration: 'booking/0005_retries',
    rule: 'drop',
    reason: keyInFront,
  },
  {
    migration: 'booking/0005_retries',
    rule: 'constraint',
    reason: keyInFront,
  },
  { migration: 'identity/0001_guards', rule: 'trigger', reason: neverDone },
  {
    migration: 'identity/0002_new_passwords',
    rule: 'drop',
    reason: 'the check is there again in the same migration',
  },
  {
    migration: 'identity/0002_new_passwords',
    rule: 'constraint',
    reason: 'it allows one more value than the one before',
  },
  { migration: 'notification/0001_keep_history', rule: 'trigger', reason: neverDone },
  {
    migration: 'notification/0003_booking_letters',
    rule: 'drop',
    reason: 'the check is there again in the same migration',
  },
  {
    migration: 'notification/0003_booking_letters',
    rule: 'constraint',
    reason: 'one allows more kinds than before, the other looks at a new column',
  },
  {
    migration: 'notification/0004_letters_about_one_thing',
    rule: 'drop',
    reason: 'it is there again in the next statement, without the rows that nobody finds by it',
  },
  {
    migration: 'company/0003_index-past-members-by-person',
    rule: 'drop',
    reason: 'its only reader finds its row as well by the index that takes its place',
  },
  { migration: 'order/0001_guards', rule: 'trigger', reason: neverDone },
  { migration: 'order/0002_keep_history', rule: 'trigger', reason: neverDone },
  {
    migration: 'order/0003_forget_nobody',
    rule: 'drop',
    reason: 'the trigger is there again in the next statement',
  },
  {
    migration: 'order/0003_forget_nobody',
    rule: 'trigger',
    reason: 'it refuses less than the one before',
  },
  { migration: 'order/0004_known_values', rule: 'constraint', reason: neverWritten },
  {
    migration: 'order/0007_retries',
    rule: 'drop',
    reason: keyInFront,
  },
  {
    migration: 'order/0007_retries',
    rule: 'constraint',
    reason: keyInFront,
  },
  { migration: 'user/0001_guards', rule: 'trigger', reason: neverDone },
  { migration: 'user/0002_answers_are_final', rule: 'trigger', reason: neverDone },
  { migration: 'user/0003_known_values', rule: 'constraint', reason: neverWritten },
  {
    migration: 'user/0004_sign_up',
    rule: 'constraint',
    reason: 'it writes no hash, and leaves users who have one to those who know what it is',
  },
  { migration: 'user/0004_sign_up', rule: 'trigger', reason: neverDone },
]

/** Removes function bodies, texts and comments: they do not change the schema. */
const withoutTexts = (sql: string) =>
  sql
    .replaceAll(/\$(\w*)\$.*?\$\1\$/gs, '$$$$')
    .replaceAll(/'(?:[^']|'')*'/g, "''")
    .replaceAll(/--.*$/gm, '')
    .replaceAll(/\/\*.*?\*\//gs, '')

const statementsOf = (sql: string) =>
  withoutTexts(sql)
    .split(';')
    .map((statement) => statement.replaceAll('"', '').replaceAll(/\s+/g, ' ').trim().toLowerCase())
    .filter((statement) => statement !== '')

const withoutSchema = (name: string | undefined) => name?.replace(/^public\./, '')

const createdTables = (statements: readonly string[]) =>
  new Set(
    statements.map((statement) =>
      withoutSchema(/^create table (?:if not exists )?([\w.]+)/.exec(statement)?.[1]),
    ),
  )

/** The table that a statement changes, when it names one. */
const tableOf = (statement: string) =>
  withoutSchema(
    /^(?:alter|drop) table (?:if exists )?(?:only )?([\w.]+)/.exec(statement)?.[1] ??
      /^create (?:unique index|.*trigger)\b.*? on (?:only )?([\w.]+)/.exec(statement)?.[1],
  )

export interface RiskyStatement {
  readonly migration: string
  readonly rule: string
  readonly statement: string
}

const risksOf = (migration: string, sql: string): RiskyStatement[] => {
  const statements = statementsOf(sql)
  const created = createdTables(statements)
  return statements
    .filter((statement) => !created.has(tableOf(statement) ?? ''))
    .flatMap((statement) => {
      const names = rules.filter(({ pattern }) => pattern.test(statement)).map(({ name }) => name)
      return [...new Set(names)].map((rule) => ({ migration, rule, statement }))
    })
}

export interface MigrationCheck {
  readonly files: number
  readonly risks: readonly RiskyStatement[]
  /** Allowances that no migration needs: they would hide a later fault. */
  readonly unused: readonly string[]
}

export const checkMigrations = async (root: string): Promise<MigrationCheck> => {
  const found: RiskyStatement[] = []
  let files = 0
  for await (const file of glob('src/services/*/migrations/*.sql', { cwd: root })) {
    const [, , service = ''] = file.split(path.sep)
    const migration = `${service}/${path.basename(file, '.sql')}`
    found.push(...risksOf(migration, await readFile(path.join(root, file), 'utf8')))
    files += 1
  }
  const isFor = (allowance: Allowance) => (risk: RiskyStatement) =>
    risk.migration === allowance.migration && risk.rule === allowance.rule
  return {
    files,
    risks: found.filter((risk) => !allowances.some((allowance) => isFor(allowance)(risk))),
    unused: allowances
      .filter((allowance) => !found.some(isFor(allowance)))
      .map(({ migration, rule }) => `${migration} ${rule}`),
  }
}

const main = async () => {
  const { values } = parseArgs({ options: { root: { type: 'string', default: projectRoot } } })
  const { files, risks, unused } = await checkMigrations(path.resolve(values.root))
  for (const { migration, rule, statement } of risks) {
    console.error(`${migration}: ${rule}: ${statement.slice(0, 200)}`)
  }
  for (const allowance of unused) console.error(`allowed, but not there: ${allowance}`)
  if (files === 0) console.error('there is no migration')
  if (risks.length > 0) {
    console.error(
      'The release before may not work on this schema: see docs/migrations.md. What does no harm is listed, with the reason, in tools/check-migrations.ts.',
    )
  }
  if (risks.length + unused.length > 0 || files === 0) process.exitCode = 1
  else console.log(`${files} migrations leave the release before at work.`)
}

if (import.meta.main) await main()
