import type { Mutation } from './mutation.ts'

const migrations = 'src/platform/database/migrate.ts'
const migrateTests = 'src/platform/database/migrate.test.ts'
const truth = 'test/guarantees/postgres-truth.test.ts'
const userGuards = 'src/services/user/migrations/0002_answers_are_final.sql'
const userTests = 'src/services/user/users.test.ts'
const accountGuards = 'src/services/billing/migrations/0004_accounts_are_final.sql'
const accountTests = 'src/services/billing/guards.test.ts'

export const clusterMutations: readonly Mutation[] = [
  {
    name: 'a migration waits for its tables for ever',
    edits: [
      {
        file: migrations,
        search: 'set lock_timeout = ${lockTimeoutMs}',
        replace: 'set lock_timeout = 0',
      },
    ],
    tests: [migrateTests],
  },
  {
    name: 'a migration gives up at the first table that is in use',
    edits: [
      {
        file: migrations,
        search: 'if (performance.now() > giveUpAtMs) {',
        replace: 'if (performance.now() > 0) {',
      },
    ],
    tests: [migrateTests],
  },
  {
    name: 'a migration goes on without its lock on another connection',
    edits: [
      {
        file: migrations,
        search: '    onclose: () => void client.end({ timeout: 0 }),\n',
        replace: '',
      },
    ],
    tests: [migrateTests],
  },
  {
    name: 'a service may delete',
    edits: [
      {
        file: migrations,
        search: 'grant select, insert, update on',
        replace: 'grant select, insert, update, delete on',
      },
    ],
    tests: [truth],
  },
  {
    name: 'a service works as the owner of its tables',
    edits: [
      {
        file: 'src/local/postgres/provision.ts',
        search: 'urls[service] = urlFor(adminUrl, service, runtime, rolePassword(secret, runtime))',
        replace:
          'urls[service] = urlFor(adminUrl, service, service, rolePassword(secret, service))',
      },
    ],
    tests: [truth],
  },
  {
    name: 'the settings of a role are made for the owner alone',
    edits: [
      {
        file: migrations,
        search: 'await setUpRole(drizzle(runtime), statementTimeoutMs)',
        replace: 'await setUpRole(db, statementTimeoutMs)',
      },
    ],
    tests: ['test/guarantees/plans.test.ts'],
  },
  {
    name: 'a user may be deleted',
    edits: [
      { file: userGuards, search: 'BEFORE DELETE ON users', replace: 'AFTER TRUNCATE ON users' },
      {
        file: userGuards,
        search: 'FOR EACH ROW EXECUTE FUNCTION refuse_history_change();',
        replace: 'FOR EACH STATEMENT EXECUTE FUNCTION refuse_history_change();',
      },
    ],
    tests: [userTests],
  },
  {
    name: 'a user’s address may change',
    edits: [
      {
        file: userGuards,
        search: '(OLD.id, OLD.username, OLD.email, OLD.created_at, OLD.request_id)',
        replace: '(OLD.id, OLD.username, NEW.email, OLD.created_at, OLD.request_id)',
      },
    ],
    tests: [userTests],
  },
  {
    name: 'an account’s age may change',
    edits: [
      {
        file: accountGuards,
        search: '(OLD.user_id, OLD.email, OLD.created_at)',
        replace: '(OLD.user_id, OLD.email, NEW.created_at)',
      },
    ],
    tests: [accountTests],
  },
]
