import { bug } from './mutation.ts'

const migrations = 'src/platform/database/migrate.ts'
const migrateTests = 'src/platform/database/migrate.test.ts'
const truth = 'test/guarantees/postgres-truth.test.ts'
const userGuards = 'src/services/user/migrations/0002_answers_are_final.sql'
const userTests = 'src/services/user/users.test.ts'
const accountGuards = 'src/services/billing/migrations/0004_accounts_are_final.sql'
const accountTests = 'src/services/billing/guards.test.ts'

export const clusterMutations = [
  bug(
    'a migration waits for its tables for ever',
    [migrateTests],
    [migrations, 'set lock_timeout = ${lockTimeoutMs}', 'set lock_timeout = 0'],
  ),
  bug(
    'a migration gives up at the first table that is in use',
    [migrateTests],
    [migrations, 'if (performance.now() > giveUpAtMs) {', 'if (performance.now() > 0) {'],
  ),
  bug(
    'a migration goes on without its lock on another connection',
    [migrateTests],
    [migrations, '    onclose: () => void client.end({ timeout: 0 }),\n', ''],
  ),
  bug(
    'a service may delete',
    [truth],
    [migrations, 'grant select, insert, update on', 'grant select, insert, update, delete on'],
  ),
  bug(
    'a service works as the owner of its tables',
    [truth],
    [
      'src/local/postgres/provision.ts',
      'urls[service] = urlFor(adminUrl, service, runtime, rolePassword(secret, runtime))',
      'urls[service] = urlFor(adminUrl, service, service, rolePassword(secret, service))',
    ],
  ),
  bug(
    'the settings of a role are made for the owner alone',
    ['test/guarantees/plans.test.ts'],
    [
      migrations,
      'await setUpRole(drizzle(runtime), statementTimeoutMs)',
      'await setUpRole(db, statementTimeoutMs)',
    ],
  ),
  bug(
    'a user may be deleted',
    [userTests],
    [userGuards, 'BEFORE DELETE ON users', 'AFTER TRUNCATE ON users'],
    [
      userGuards,
      'FOR EACH ROW EXECUTE FUNCTION refuse_history_change();',
      'FOR EACH STATEMENT EXECUTE FUNCTION refuse_history_change();',
    ],
  ),
  bug(
    'a user’s address may change',
    [userTests],
    [
      userGuards,
      '(OLD.id, OLD.username, OLD.email, OLD.created_at, OLD.request_id)',
      '(OLD.id, OLD.username, NEW.email, OLD.created_at, OLD.request_id)',
    ],
  ),
  bug(
    'an account’s age may change',
    [accountTests],
    [
      accountGuards,
      '(OLD.user_id, OLD.email, OLD.created_at)',
      '(OLD.user_id, OLD.email, NEW.created_at)',
    ],
  ),
]
