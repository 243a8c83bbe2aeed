import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { registry, serviceNames, type ServiceName } from '../../src/registry.ts'
import { checkImports, type ImportCheck } from '../../tools/check-imports.ts'
import { checkMigrations, type MigrationCheck } from '../../tools/check-migrations.ts'
import { runTool } from '../../tools/run-tool.ts'
import { copyProject, type ProjectCopy } from '../lab/project-copy.ts'

/**
 * Every rule of the house, broken on purpose in a copy of the project: a rule
 * that nobody has seen to bite may not be one.
 */
interface Plant {
  readonly rule: string
  readonly file: string
  readonly text: string
}

const importing = (...modules: string[]) => modules.map((name) => `import '${name}'\n`).join('')

/** Those that have a client. */
const called = new Set(
  serviceNames.filter((name) => name !== 'gateway').flatMap((name) => registry[name].upstreams),
)

/** A client that is there, in the hands of a service that may not call with it. */
const callingSomebodyElse = (service: ServiceName): Plant => {
  const own = service === 'gateway' ? [] : registry[service].upstreams
  const somebody = [...called].find((name) => !own.includes(name))
  return {
    rule: `${service}-calls-only-its-upstreams`,
    file: `src/services/${service}/planted-client.ts`,
    text: importing(`../../clients/${somebody}.ts`),
  }
}

const importPlants: readonly Plant[] = [
  ...serviceNames.map(callingSomebodyElse),
  {
    rule: 'services-stay-apart',
    file: 'src/services/user/planted-neighbour.ts',
    text: `import type { Letter } from '../notification/contract.ts'\nexport type Foreign = Letter\n`,
  },
  {
    rule: 'services-import-little',
    file: 'src/services/user/planted-entry.ts',
    text: importing('../../main.ts'),
  },
  {
    rule: 'contract-knows-no-sql',
    file: 'src/services/billing/contract-planted.ts',
    text: importing('drizzle-orm'),
  },
  {
    rule: 'contract-knows-no-sql',
    file: 'src/services/order/contract-planted.ts',
    text: importing('./planted-middle.ts'),
  },
  {
    rule: 'contract-knows-no-handler',
    file: 'src/services/notification/contract-planted.ts',
    text: importing('./app.ts'),
  },
  {
    rule: 'app-knows-no-sql',
    file: 'src/services/billing/app-planted.ts',
    text: importing('postgres'),
  },
  {
    rule: 'app-knows-no-sql',
    file: 'src/services/notification/app-planted.ts',
    text: importing('./schema.ts'),
  },
  {
    rule: 'app-knows-no-sql',
    file: 'src/services/order/app-planted.ts',
    text: importing('../../platform/database/statement.ts'),
  },
  {
    rule: 'stores-read-no-files',
    file: 'src/services/user/store-planted.ts',
    text: importing('node:fs'),
  },
  {
    rule: 'store-knows-no-http',
    file: 'src/services/billing/store-planted.ts',
    text: importing('hono'),
  },
  {
    rule: 'store-knows-no-http',
    file: 'src/services/order/store/planted.ts',
    text: importing('../../../platform/calls/client.ts'),
  },
  {
    rule: 'platform-knows-no-service',
    file: 'src/platform/planted-service.ts',
    text: importing('../services/order/states.ts'),
  },
  {
    rule: 'clients-know-no-service',
    file: 'src/clients/planted.ts',
    text: importing('../services/billing/contract.ts'),
  },
  {
    rule: 'undici-only-in-calls',
    file: 'src/services/gateway/planted-undici.ts',
    text: importing('undici'),
  },
  {
    rule: 'tracing-library-only-in-tracing',
    file: 'src/platform/saga/planted-tracing.ts',
    text: importing('@opentelemetry/api'),
  },
  {
    rule: 'sql-only-in-stores',
    file: 'src/services/order/planted-sql.ts',
    text: importing('drizzle-orm'),
  },
  {
    rule: 'sql-only-in-stores',
    file: 'src/platform/http/planted-sql.ts',
    text: importing('postgres'),
  },
  {
    rule: 'sql-only-in-stores',
    file: 'tools/planted-sql.ts',
    text: importing('postgres'),
  },
  {
    rule: 'sql-only-in-stores',
    file: 'src/audit/planted-sql.ts',
    text: importing('postgres'),
  },
  {
    rule: 'audit-stands-alone',
    file: 'src/audit/planted-service.ts',
    text: importing('../services/billing/states.ts'),
  },
  {
    rule: 'nothing-stands-on-the-audit',
    file: 'src/services/billing/planted-audit.ts',
    text: importing('../../audit/audit.ts'),
  },
  {
    rule: 'nothing-imports-tests',
    file: 'src/platform/planted-test.ts',
    text: importing('../../test/lab/http.ts'),
  },
  {
    rule: 'benches-import-only-the-lab',
    file: 'bench/planted-judge.ts',
    text: importing('../test/judge/history.ts'),
  },
  {
    rule: 'nothing-imports-benches',
    file: 'tools/planted-bench.ts',
    text: importing('../bench/planted.ts'),
  },
  {
    rule: 'local-stays-out-of-production',
    file: 'src/platform/planted-local.ts',
    text: importing('../local/postgres/free-port.ts'),
  },
  {
    rule: 'lab-stays-apart',
    file: 'src/local/postgres/planted-lab.ts',
    text: importing('../lab/link.ts'),
  },
  {
    rule: 'lab-stays-apart',
    file: 'src/local/launcher/planted-lab.ts',
    text: `export const load = () => import('../lab/link.ts')\n`,
  },
  {
    rule: 'lab-is-loaded-on-demand',
    file: 'src/local/launcher/planted-eager-lab.ts',
    text: importing('../lab/link.ts'),
  },
  {
    rule: 'only-main-loads-services',
    file: 'src/local/launcher/planted-loader.ts',
    text: importing('../../service-loaders.ts'),
  },
  {
    rule: 'postgres-knows-no-launcher',
    file: 'src/local/postgres/planted-launcher.ts',
    text: importing('../launcher/stop-order.ts'),
  },
  {
    rule: 'tools-stand-on-top',
    file: 'src/local/launcher/planted-tools.ts',
    text: importing('../../../tools/run-tool.ts'),
  },
  {
    rule: 'platform-base-stands-on-what-is-below',
    file: 'src/platform/base/planted-room.ts',
    text: importing('../http/places.ts'),
  },
  {
    rule: 'platform-calls-stands-on-what-is-below',
    file: 'src/platform/calls/planted-room.ts',
    text: importing('../http/places.ts'),
  },
  {
    rule: 'platform-database-stands-on-what-is-below',
    file: 'src/platform/database/planted-room.ts',
    text: importing('../calls/shared.ts'),
  },
  {
    rule: 'platform-http-stands-on-what-is-below',
    file: 'src/platform/http/planted-room.ts',
    text: importing('../saga/recovery.ts'),
  },
  {
    rule: 'platform-saga-stands-on-what-is-below',
    file: 'src/platform/saga/planted-room.ts',
    text: importing('../service.ts'),
  },
  {
    rule: 'platform-access-stands-on-what-is-below',
    file: 'src/platform/access/planted-room.ts',
    text: importing('../service.ts'),
  },
  {
    rule: 'platform-tracing-stands-on-what-is-below',
    file: 'src/platform/tracing/planted-room.ts',
    text: importing('../saga/recovery.ts'),
  },
  {
    rule: 'lab-and-judge-know-no-test',
    file: 'test/lab/planted-campaign.ts',
    text: importing('../campaigns/planted.ts'),
  },
  {
    rule: 'production-needs-no-dev-dependencies',
    file: 'src/services/user/planted-dev-dependency.ts',
    text: importing('fast-check'),
  },
  {
    rule: 'dependencies-are-declared',
    file: 'src/services/user/planted-undeclared.ts',
    text: importing('@asteasolutions/zod-to-openapi'),
  },
  {
    rule: 'imports-resolve',
    file: 'src/services/user/planted-missing.ts',
    text: importing('./nothing-here.ts'),
  },
  {
    rule: 'no-circles',
    file: 'src/services/user/planted-circle.ts',
    text: importing('./planted-circle-back.ts'),
  },
]

/** What the planted files import that is not there already. */
const importHelpers = [
  { file: 'src/services/order/planted-middle.ts', text: importing('./schema.ts') },
  { file: 'src/services/user/planted-circle-back.ts', text: importing('./planted-circle.ts') },
  { file: 'bench/planted.ts', text: 'export const planted = 1\n' },
  { file: 'test/campaigns/planted.ts', text: 'export const planted = 1\n' },
]

const lines = (count: number, line: string) => `${line}\n`.repeat(count)

/** Spelled in two halves, or the project's own search for them would find this table. */
const reminder = ['TO', 'DO'].join('')
const silence = ['ox', 'lint-disable-next-line no-console'].join('')
const noCheck = ['@ts', 'ignore'].join('-')

const lintPlants: readonly Plant[] = [
  {
    rule: 'typescript(no-floating-promises)',
    file: 'src/platform/planted-floating.ts',
    text: `const later = async () => 1\nexport const start = () => {\n  later()\n}\n`,
  },
  {
    rule: 'typescript(no-misused-promises)',
    file: 'src/platform/planted-misused.ts',
    text: `export const start = () => setTimeout(async () => Promise.resolve(1), 5)\n`,
  },
  {
    rule: 'typescript(switch-exhaustiveness-check)',
    file: 'src/platform/planted-switch.ts',
    text: `export const say = (state: 'A' | 'B') => {\n  switch (state) {\n    case 'A':\n      return 1\n  }\n}\n`,
  },
  {
    rule: 'eslint(no-restricted-properties)',
    file: 'src/services/order/planted-begin.ts',
    text: `interface Sql {\n  begin(work: () => void): void\n}\nexport const write = (sql: Sql) => sql.begin(() => {})\n`,
  },
  {
    rule: 'eslint(no-restricted-properties)',
    file: 'src/services/billing/store-planted-transaction.ts',
    text: `interface Db {\n  transaction(work: () => void): void\n}\nexport const write = (db: Db) => db.transaction(() => {})\n`,
  },
  {
    rule: 'eslint(no-console)',
    file: 'src/services/order/planted-console.ts',
    text: `console.log('here')\n`,
  },
  {
    rule: 'node(no-process-env)',
    file: 'src/platform/planted-env.ts',
    text: `export const home = process.env['HOME']\n`,
  },
  {
    rule: 'import(no-default-export)',
    file: 'src/platform/planted-default.ts',
    text: `export default 1\n`,
  },
  {
    rule: 'unicorn(filename-case)',
    file: 'src/platform/plantedName.ts',
    text: `export const planted = 1\n`,
  },
  {
    rule: 'eslint(max-lines)',
    file: 'src/platform/planted-long-file.ts',
    text: `export const numbers = [\n${lines(310, '  1,')}]\n`,
  },
  {
    rule: 'eslint(max-lines-per-function)',
    file: 'src/platform/planted-long-function.ts',
    text: `export const count = () => {\n  let sum = 0\n${lines(80, '  sum += 1')}  return sum\n}\n`,
  },
  {
    rule: 'eslint(no-warning-comments)',
    file: 'src/platform/planted-reminder.ts',
    text: `// ${reminder}: later\nexport const planted = 1\n`,
  },
  {
    rule: 'typescript(no-explicit-any)',
    file: 'src/platform/planted-any.ts',
    text: `export const planted = (value: any) => String(value)\n`,
  },
  {
    rule: 'typescript(ban-ts-comment)',
    file: 'src/platform/planted-no-check.ts',
    text: `// ${noCheck}\nexport const planted: string = 1\n`,
  },
  {
    rule: 'unused directive',
    file: 'src/platform/planted-directive.ts',
    text: `// ${silence}\nexport const planted = 1\n`,
  },
]

const planted = [...importPlants, ...importHelpers, ...lintPlants]

/** Each in a migration of its own, on a table that other migrations made. */
const migrationPlants = [
  { rule: 'drop', text: 'ALTER TABLE "users" DROP COLUMN "phone";' },
  { rule: 'drop', text: 'DROP INDEX "users_due";' },
  { rule: 'rename', text: 'ALTER TABLE "users" RENAME COLUMN "phone" TO "telephone";' },
  { rule: 'not-null', text: 'ALTER TABLE "users" ALTER COLUMN "phone" SET NOT NULL;' },
  { rule: 'not-null', text: 'ALTER TABLE "users" ADD COLUMN "planted" text NOT NULL;' },
  { rule: 'type', text: 'ALTER TABLE "users" ALTER COLUMN "attempts" SET DATA TYPE bigint;' },
  { rule: 'type', text: 'alter table users\n  alter attempts type bigint' },
  {
    rule: 'constraint',
    text: `ALTER TABLE public."users" ADD CONSTRAINT "planted" CHECK ("phone" <> 'x');`,
  },
  { rule: 'constraint', text: 'ALTER TABLE "users" ADD COLUMN "planted" text UNIQUE;' },
  { rule: 'unique-index', text: 'CREATE UNIQUE INDEX "planted" ON "users" USING btree ("phone");' },
  {
    rule: 'trigger',
    text: 'CREATE TRIGGER planted BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION f();',
  },
].map((plant, index) => ({ ...plant, migration: `90${index + 10}_planted` }))

/** What may be done while the release before is at work. */
const harmlessMigration = `CREATE TABLE "planted" ("id" uuid NOT NULL);--> statement-breakpoint
ALTER TABLE "planted" ADD CONSTRAINT "planted_id" UNIQUE("id");--> statement-breakpoint
CREATE UNIQUE INDEX "planted_index" ON "planted" USING btree ("id");--> statement-breakpoint
ALTER TABLE "users" ADD COLUMN "planted" text DEFAULT '; drop table users' NOT NULL;
-- To drop or rename is only a word here.
ALTER TABLE "users" ALTER COLUMN "email" DROP NOT NULL;
CREATE INDEX "planted_too" ON "users" USING btree ("planted");
CREATE FUNCTION planted() RETURNS int LANGUAGE plpgsql AS $$ BEGIN DROP TABLE users; END $$;
`

interface ImportRules {
  readonly default: { readonly forbidden: readonly { readonly name: string }[] }
}

interface Diagnostic {
  readonly code?: string
  readonly message: string
  readonly filename: string
}

/** The folders are named because the borrowed packages, behind a link, would be linted too. */
const lint = async (root: string) => {
  const { exitCode, stdout, output } = await runTool(
    'oxlint',
    ['--format', 'json', 'src', 'tools', 'test'],
    {
      cwd: root,
      timeoutMs: 120_000,
    },
  )
  try {
    const { diagnostics } = JSON.parse(stdout) as { diagnostics: Diagnostic[] }
    return { exitCode, diagnostics }
  } catch (error) {
    throw new Error(`oxlint did not run:\n${output}`, { cause: error })
  }
}

const ruleOf = ({ code, message }: Diagnostic) =>
  code ?? (message.includes('directive') ? 'unused directive' : message)

/** Longer than the tools' own limits, so that none is left running. */
const timeoutMs = 300_000

describe('the rules of the house', () => {
  let copy: ProjectCopy
  let imports: ImportCheck
  let code: Awaited<ReturnType<typeof lint>>

  // One run of each tool, which takes seconds, tells of the project and of what is planted in it.
  beforeAll(async () => {
    copy = await copyProject()
    for (const { file, text } of planted) await copy.write(file, text)
    ;[imports, code] = await Promise.all([checkImports(copy.root), lint(copy.root)])
  }, timeoutMs)

  afterAll(() => copy.remove())

  it('are kept by everything that is not planted', () => {
    const names = planted.map(({ file }) => file)
    expect(imports.violations.filter(({ from }) => !names.includes(from))).toEqual([])
    const found = code.diagnostics.map((each) => `${ruleOf(each)} ${each.filename}`)
    expect(found.filter((line) => !names.some((name) => line.endsWith(name)))).toEqual([])
  })

  it('are applied to every source file', () => {
    expect(imports.files).toBeGreaterThan(20)
    expect(imports.imports).toBeGreaterThan(imports.files)
    expect(imports.unread).toEqual([])
  })

  it.each(importPlants)('catch an import against $rule ($file)', ({ rule, file }) => {
    // A circle is told once, from any of its files.
    const caught = imports.violations.filter(
      ({ from, to }) => from === file || (rule === 'no-circles' && to.includes(file)),
    )
    expect(caught.map((violation) => violation.rule)).toContain(rule)
  })

  it('have each been seen to catch an import', async () => {
    const configuration = new URL('../../.dependency-cruiser.mjs', import.meta.url)
    const { default: importRules } = (await import(configuration.href)) as ImportRules
    const rules = importRules.forbidden.map(({ name }) => name)
    const seen = importPlants.map(({ rule }) => rule)
    expect(rules.filter((rule) => !seen.includes(rule))).toEqual([])
  })

  it.each(lintPlants)('catch code against $rule ($file)', ({ rule, file }) => {
    const caught = code.diagnostics.filter(({ filename }) => filename.endsWith(file))
    expect(caught.map(ruleOf)).toContain(rule)
    expect(code.exitCode).not.toBe(0)
  })

  describe('for migrations', () => {
    let clean: MigrationCheck
    let broken: MigrationCheck

    beforeAll(async () => {
      const folder = 'src/services/user/migrations'
      await copy.write(`${folder}/9001_harmless.sql`, harmlessMigration)
      clean = await checkMigrations(copy.root)
      for (const { migration, text } of migrationPlants) {
        await copy.write(`${folder}/${migration}.sql`, `${text}\n`)
      }
      broken = await checkMigrations(copy.root)
    })

    it('are kept by the project as it is, and by what only adds', () => {
      expect(clean.risks).toEqual([])
      expect(clean.unused).toEqual([])
      expect(clean.files).toBeGreaterThan(10)
    })

    it.each(migrationPlants)('catch $rule: $text', ({ rule, migration }) => {
      const caught = broken.risks.filter((risk) => risk.migration === `user/${migration}`)
      expect(caught.map((risk) => risk.rule)).toEqual([rule])
    })

    it('fail the build', async () => {
      const told = await runTool('node', ['tools/check-migrations.ts', '--root', copy.root])
      expect(told.output).toContain('user/9010_planted: drop: alter table users drop column phone')
      expect(told.exitCode).toBe(1)
    })
  })

  it('do not pass when the tool that applies them reads nothing', async () => {
    await copy.write(
      '.dependency-cruiser.mjs',
      `export default { options: { exclude: { path: '.*' } } }\n`,
    )
    const blind = await checkImports(copy.root)
    expect(blind.violations).toEqual([])
    expect(blind.unread).toHaveLength(blind.files)
    const told = await runTool('node', ['tools/check-imports.ts', '--root', copy.root])
    expect(told.exitCode).toBe(1)
    expect(told.output).toContain('not read, so not checked: src/main.ts')
  })
})
