import { bug } from './mutation.ts'

const addMembers = 'src/services/company/sql/add-members.sql'
const changeCompanies = 'src/services/company/sql/change-companies.sql'
const insertCategories = 'src/services/company/sql/insert-categories.sql'
const insertCompanies = 'src/services/company/sql/insert-companies.sql'
const removeMembers = 'src/services/company/sql/remove-members.sql'
const tables = 'src/services/company/migrations/0001_companies.sql'
const membersAt = 'src/services/company/migrations/0002_members_at.sql'
const answers = 'src/services/company/answers.ts'
const app = 'src/services/company/app.ts'
const members = 'src/services/company/app-members.ts'
const people = 'src/services/company/people.ts'
const store = 'src/services/company/store.ts'
const client = 'src/clients/company.ts'

const aboutCategories = 'src/services/company/categories.test.ts'
const aboutCompanies = 'src/services/company/companies.test.ts'
const aboutManagers = 'src/services/company/managers.test.ts'
const aboutMembers = 'src/services/company/members.test.ts'
const aboutClients = 'src/clients/company.test.ts'
const guards = 'src/services/company/guards.test.ts'
const races = 'src/services/company/races.test.ts'

const lastAdminTrigger = `
CREATE TRIGGER memberships_last_admin AFTER UPDATE OF left_at ON memberships
  FOR EACH ROW WHEN (OLD.role = 'ADMIN' AND OLD.left_at IS NULL AND NEW.left_at IS NOT NULL)
  EXECUTE FUNCTION keep_last_admin();
--> statement-breakpoint`

const noLastAdminTrigger = [tables, lastAdminTrigger, ''] as const

export const companyMutations = [
  bug('the last ADMIN of a company may go', [aboutMembers], noLastAdminTrigger, [
    removeMembers,
    `s.role = 'ADMIN' and not exists (`,
    `s.role is null and not exists (`,
  ]),
  bug('two ADMINs who remove each other at once are both gone', [races], noLastAdminTrigger, [
    removeMembers,
    'join guarded l on l.id = s.id and l.version = s.version',
    'join guarded l on l.id = s.id',
  ]),
  bug('no trigger keeps the last ADMIN', [guards], noLastAdminTrigger),
  bug(
    'the trigger that keeps the last ADMIN does not wait for another who goes',
    [guards],
    [tables, '\n  PERFORM FROM companies WHERE id = NEW.company_id FOR NO KEY UPDATE;', ''],
  ),
  bug(
    'a member has joined when their statement began, and not when it had the lock',
    [aboutManagers],
    [addMembers, 'f.locale, clock_timestamp(), f.actor', 'f.locale, now(), f.actor'],
  ),
  bug(
    'whoever asks for the members of a moment does not wait for those who just come',
    [aboutManagers],
    [membersAt, '\n  PERFORM pg_advisory_xact_lock_shared(members_lock(company));', ''],
  ),
  bug(
    'whoever asks for the members of a moment does not see who came while they waited',
    [aboutManagers],
    [membersAt, 'LANGUAGE plpgsql AS', 'LANGUAGE plpgsql STABLE AS'],
  ),
  bug(
    'whoever comes does not wait for those who ask for the members of a moment',
    [aboutManagers],
    [addMembers, ', pg_advisory_xact_lock(members_lock(id))', ''],
  ),
  bug(
    'whoever goes does not wait for those who ask for the members of a moment',
    [aboutManagers],
    [removeMembers, ', pg_advisory_xact_lock(members_lock(id))', ''],
  ),
  bug(
    'the members of a moment are told before it is over',
    [aboutManagers],
    [membersAt, 'IF moment >= clock_timestamp() THEN', 'IF false THEN'],
  ),
  bug(
    'the members of a moment are those of now',
    [aboutManagers],
    [
      membersAt,
      `coalesce(m.left_at, 'infinity'::timestamptz) > moment`,
      `coalesce(m.left_at, 'infinity'::timestamptz) > now()`,
    ],
  ),
  bug(
    'the end of a membership can be changed',
    [guards],
    [
      tables,
      `
    OR (OLD.left_at IS NOT NULL AND
      (OLD.left_at, OLD.removed_by) IS DISTINCT FROM (NEW.left_at, NEW.removed_by))`,
      '',
    ],
  ),
  bug(
    'somebody is kept under their id when user does not say who it is',
    [aboutMembers, aboutCompanies],
    [
      people,
      'throw nobodyKnows()',
      `return { userId, name: userId, email: \`\${userId}@example.com\`, locale: 'en' as const }`,
    ],
  ),
  bug(
    'a stranger learns who is a user by adding them',
    [aboutMembers],
    [members, `    if (!isOperator && found.role !== 'ADMIN') throw notAnAdmin()\n`, ''],
  ),
  bug(
    'a MANAGER may change a company',
    [aboutCompanies],
    [
      changeCompanies,
      `a.left_at is null and a.role = 'ADMIN' offset 0`,
      `a.left_at is null offset 0`,
    ],
  ),
  bug(
    'whoever was an ADMIN once may change a company for ever',
    [aboutCompanies],
    [
      changeCompanies,
      `a.left_at is null and a.role = 'ADMIN' offset 0`,
      `a.role = 'ADMIN' offset 0`,
    ],
  ),
  bug(
    'a change of a company forgets what another one has just changed',
    [races],
    [
      changeCompanies,
      'join locked l on l.id = s.id and l.version = s.version',
      'join companies l on l.id = s.id',
    ],
    [
      tables,
      `FOR EACH ROW WHEN (NEW.version <= OLD.version)`,
      `FOR EACH ROW WHEN (NEW.version < 0)`,
    ],
  ),
  bug(
    'a repeat of a change answers with what was asked for now',
    [aboutCompanies],
    [app, `    if (!isSame(changed.payload, payload)) throw keyReused()\n`, ''],
  ),
  bug(
    'a repeat of adding a member shows that they have left since',
    [aboutMembers],
    [answers, 'memberNow({ ...row, leftAt: null })', 'memberNow(row)'],
  ),
  bug(
    'keys of new companies are global, not of their creator',
    [aboutCompanies],
    [
      insertCompanies,
      'where k.actor = i.actor\n    and k.idempotency_key',
      'where k.idempotency_key',
    ],
    [
      store,
      `            eq(companyVersions.actor, actor),\n            eq(companyVersions.idempotencyKey`,
      `            eq(companyVersions.idempotencyKey`,
    ],
  ),
  bug(
    'own companies are also those that one has left',
    [aboutCompanies],
    [
      store,
      'eq(memberships.userId, memberId), isPresent, lt(memberships.companyId, cursor)',
      'eq(memberships.userId, memberId), lt(memberships.companyId, cursor)',
    ],
  ),
  bug(
    'a category moves to another place in the tree',
    [guards],
    [tables, '\n    OR OLD.parent_id IS DISTINCT FROM NEW.parent_id)', ')'],
  ),
  bug(
    'the tree of categories grows deeper than it may',
    [aboutCategories],
    [insertCategories, `when p.depth >= i."maxDepth" or`, `when p.depth > i."maxDepth" or`],
  ),
  bug(
    'managers of another moment are taken for those that were asked for',
    [aboutClients],
    [client, ' || at !== asked.at', ''],
  ),
]
