import { bug } from './mutation.ts'

const migrations = 'src/platform/database/migrate.ts'
const migrateTests = 'src/platform/database/migrate.test.ts'
const truth = 'test/guarantees/postgres-truth.test.ts'
const userGuards = 'src/services/user/migrations/0002_answers_are_final.sql'
const userTests = 'src/services/user/users.test.ts'
const accountGuards = 'src/services/billing/migrations/0004_accounts_are_final.sql'
const accountTests = 'src/services/billing/guards.test.ts'

const jobTests = 'src/cluster/make-secrets.test.ts'
const job = 'src/cluster/make-secrets.ts'
const secrets = 'src/cluster/secrets.ts'
const manifestTests = 'test/house/manifests.test.ts'
const policies = 'tools/manifests/policies.ts'
const secretReferences = 'tools/manifests/secret-references.ts'

export const clusterMutations = [
  bug(
    'a Secret that was there is told as made',
    [jobTests],
    [job, 'if (created.status === 201) return undefined', 'if (created.status) return undefined'],
  ),
  bug(
    'a Secret without a key is taken for a whole one',
    [jobTests],
    [job, '!Object.hasOwn(data, key)', 'Object.hasOwn(values, data)'],
  ),
  bug(
    'a busy API server is taken for one that refuses',
    [jobTests],
    [job, 'if (answer.status < 500 && answer.status !== 429) return answer', 'return answer'],
  ),
  bug(
    'the token of the job is shown to any server',
    [jobTests],
    [
      'src/cluster/api-server.ts',
      '    ca,\n    method',
      '    rejectUnauthorized: false,\n    method',
    ],
  ),
  bug(
    'the public key of a Secret belongs to another private one',
    [jobTests],
    [secrets, "'public-keys': publicKey", "'public-keys': makeServiceKeys().publicKey"],
  ),
  bug(
    'all clusters have the same passwords',
    [jobTests],
    [secrets, "randomBytes(24).toString('base64url')", "'the-password-of-every-installation'"],
  ),
  bug(
    'a policy keeps services from the keys of the issuer',
    [manifestTests],
    [policies, '...(readsKeys(name) ? [issuerService] : [])', ''],
  ),
  bug(
    'a policy keeps services from another issuer',
    [manifestTests],
    [policies, "...(otherIssuer ? [anywhereText('The issuer', otherIssuer)] : [])", ''],
  ),
  bug(
    'a policy keeps services from where traces are collected',
    [manifestTests],
    [policies, "...(collector ? [anywhereText('The collector of traces', collector)] : [])", ''],
  ),
  bug(
    'identity runs beside another issuer',
    [manifestTests],
    ['tools/manifests/plan.ts', 'names: serviceNames.filter(runs)', 'names: serviceNames'],
  ),
  bug(
    'a Secret may lie among the manifests',
    [manifestTests],
    [secretReferences, "manifest.kind !== 'Secret'", "manifest.kind !== 'Secrets'"],
  ),
  bug(
    'a manifest may read what no Secret has',
    [manifestTests],
    [secretReferences, 'made.get(name)?.[key] !== undefined', 'made.size > 0'],
  ),
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
    'Postgres plans a batch for the hundred rows that it expects, and reads small tables whole',
    ['test/guarantees/plans.test.ts'],
    [
      'src/platform/database/statement.ts',
      '(select * from ${rows} where ${everyItem}) as t',
      '${rows}',
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
