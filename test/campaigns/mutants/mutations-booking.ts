import { bug } from './mutation.ts'

const folder = 'src/services/booking'
const reserve = `${folder}/sql/reserve-offers.sql`
const decide = `${folder}/sql/decide-bookings.sql`
const release = `${folder}/sql/release-bookings.sql`
const finish = `${folder}/sql/finish-refunds.sql`
const cancel = `${folder}/sql/cancel-bookings.sql`
const complete = `${folder}/sql/complete-bookings.sql`
const withdraw = `${folder}/sql/withdraw-offers.sql`
const tables = `${folder}/migrations/0001_bookings.sql`
const workflow = `${folder}/workflow.ts`
const payment = `${folder}/payment.ts`
const letters = `${folder}/letters.ts`
const answers = `${folder}/answers.ts`
const app = `${folder}/app.ts`

const meetings = `${folder}/interleavings.test.ts`
const late = `${folder}/late-workers.test.ts`
const guards = `${folder}/guards.test.ts`
const once = `${folder}/once-only.test.ts`
const told = `${folder}/answers.test.ts`
const recovery = `${folder}/recovery.test.ts`
const written = `${folder}/letters.test.ts`

const ofPending = "where b.id = i.id and t.id = b.offer_id and b.status || '' = 'PENDING'"

export const bookingMutations = [
  bug(
    'an offer is booked without its lock',
    [late, meetings],
    [reserve, '  order by o.id for update\n', '  order by o.id\n'],
  ),
  bug(
    'an offer that has begun is booked',
    [told],
    [reserve, "where t.status = 'OPEN' and t.starts_at > now()", "where t.status = 'OPEN'"],
  ),
  bug(
    'an offer is not held by its booking',
    [late, meetings],
    [
      reserve,
      "update offers o set status = 'RESERVED', booking_id = n.id from inserted n where o.id = n.offer_id",
      "update offers o set status = 'RESERVED', booking_id = n.id from inserted n\n  where o.id = n.offer_id and o.status = 'NONE'",
    ],
  ),
  bug(
    'a repeat that waited hears of the offer, not of its own booking',
    [late],
    [
      reserve,
      'select from offers o where o.id = t.id and o.status = t.status\n        and o.booking_id is not distinct from t.booking_id\n',
      'select where t.booking_id is null or exists (select from bookings b where b.id = t.booking_id)\n',
    ],
  ),
  bug(
    'keys of bookings are those of all customers',
    [told],
    [
      reserve,
      'where k.user_id = i."userId" and k.idempotency_key = i."idempotencyKey"',
      'where k.idempotency_key = i."idempotencyKey"',
    ],
  ),
  bug(
    'a payment stands although the offer is gone',
    [late],
    [
      decide,
      "i.status = 'REFUSED' or (t.status = 'RESERVED' and t.booking_id = b.id) as stands",
      'true as stands',
    ],
  ),
  bug(
    'a booking is decided without the lock of its offer',
    [late],
    [
      decide,
      'order by o.id for update\n),\n-- A payment stands',
      'order by o.id\n),\n-- A payment stands',
    ],
  ),
  bug(
    'a refusal leaves the offer held',
    [meetings, told],
    [decide, "    and d.status in ('PAID', 'REFUSED')\n", "    and d.status in ('PAID')\n"],
  ),
  bug(
    'a refusal owes no letters',
    [written, recovery],
    [decide, 'where d.decision is not null\n)', "where d.decision = 'PAID'\n)"],
  ),
  bug(
    'a hold ends before its time',
    [meetings, late],
    [release, `${ofPending}\n    and b.hold_until <= now()`, ofPending],
    [release, "  and not (b.status = 'PENDING' and b.hold_until <= now())\n", ''],
  ),
  bug(
    'a hold ends without the lock of its offer',
    [late],
    [release, '  order by o.id for update\n', '  order by o.id\n'],
  ),
  bug(
    'a clock that is ahead ends all holds',
    [late],
    [
      workflow,
      "if (taken.status === 'PENDING') taken = await pay(taken)",
      "if (taken.status === row.status) return { row, outcome: 'postponed' }",
    ],
  ),
  bug(
    'the offer opens before the money is back',
    [recovery, meetings],
    [
      release,
      '  returning b.*\n)\n',
      "  returning b.*\n),\nopened as (\n  update offers o set status = 'OPEN', booking_id = null from released r where o.id = r.offer_id\n)\n",
    ],
    [
      tables,
      `"bookings"."status" in ('PENDING', 'PAID', 'RELEASING', 'CANCELLING', 'COMPLETED');--> statement-breakpoint\nCREATE INDEX "bookings_by_user"`,
      `"bookings"."status" in ('PENDING', 'PAID', 'CANCELLING', 'COMPLETED');--> statement-breakpoint\nCREATE INDEX "bookings_by_user"`,
    ],
  ),
  bug(
    'an offer that was withdrawn opens again when the money is back',
    [meetings],
    [
      finish,
      "and o.status in ('RESERVED', 'PAID')",
      "and o.status in ('RESERVED', 'PAID', 'CANCELLED')",
    ],
    [
      tables,
      "('PAID', 'COMPLETED'), ('PAID', 'OPEN'), ('PAID', 'CANCELLED')) THEN",
      "('PAID', 'COMPLETED'), ('PAID', 'OPEN'), ('CANCELLED', 'OPEN'), ('PAID', 'CANCELLED')) THEN",
    ],
  ),
  bug(
    'an offer stays closed when its booking is released',
    [meetings, recovery],
    [finish, "and o.status in ('RESERVED', 'PAID')", "and o.status in ('PAID')"],
  ),
  bug(
    'a refund that is noted owes no letters',
    [recovery, written],
    [
      finish,
      'from finished f join input i on i.id = f.id\n)\nselect',
      "from finished f join input i on i.id = f.id where f.status = 'NONE'\n)\nselect",
    ],
  ),
  bug(
    'a customer cancels at any time',
    [told],
    [
      cancel,
      `    and (i."isOperator" or b.starts_at > now() + i."untilMinutes" * interval '1 minute')\n`,
      '',
    ],
  ),
  bug(
    'whoever knows a booking cancels it',
    [told],
    [cancel, 'where i."isOperator" or b.user_id = i.actor\n  )', 'where true\n  )'],
    [cancel, '    and (b.user_id = i.actor or i."isOperator")\n', ''],
    [
      cancel,
      'from input i join bookings b on b.id = i.id and (i."isOperator" or b.user_id = i.actor)',
      'from input i join bookings b on b.id = i.id',
    ],
  ),
  bug(
    'what a manager completes is not over yet',
    [told, meetings],
    [
      complete,
      "and b.status || '' = 'PAID' and b.ends_at <= now()\n  returning",
      "and b.status = 'PAID'\n  returning",
    ],
  ),
  bug(
    'an offer is not completed with its booking',
    [meetings, told],
    [
      complete,
      "o.booking_id = c.id and o.status = 'PAID'",
      "o.booking_id = c.id and o.status = 'NONE'",
    ],
  ),
  bug(
    'who paid for an offer that is withdrawn has nothing back',
    [told, meetings],
    [
      withdraw,
      "where b.id = w.booking_id and b.status || '' in ('PENDING', 'PAID')",
      "where b.id = w.booking_id and b.status in ('PENDING')",
    ],
  ),
  bug(
    'a booking that is not in sight is forgotten when its offer is withdrawn',
    [meetings],
    [
      withdraw,
      '    and (t.booking_id is null or exists (select from bookings b where b.id = t.booking_id offset 0))\n',
      '',
    ],
  ),
  bug(
    'an offer is withdrawn without its lock',
    [late, meetings],
    [
      withdraw,
      'where o.id in (select i.id from input i) order by o.id for update',
      'where o.id in (select i.id from input i) order by o.id',
    ],
  ),
  bug(
    'an offer may be sold twice',
    [once],
    [tables, 'CREATE UNIQUE INDEX "bookings_one_of_offer"', 'CREATE INDEX "bookings_one_of_offer"'],
  ),
  bug(
    'offers of one resource may overlap',
    [once],
    [tables, 'tstzrange("starts_at", "ends_at") WITH &&', '"id" WITH ='],
  ),
  bug(
    'an offer goes from one booking to another',
    [guards],
    [
      tables,
      "    OR (OLD.booking_id IS DISTINCT FROM NEW.booking_id AND\n      (OLD.status, NEW.status) NOT IN (('OPEN', 'RESERVED'), ('RESERVED', 'OPEN'), ('PAID', 'OPEN')))\n",
      '',
    ],
  ),
  bug(
    'a payment that finds no account is asked again and again',
    [recovery],
    [payment, '      final: true,\n', ''],
  ),
  bug(
    'nobody makes sure that a payment under way never comes',
    [recovery],
    [workflow, '        return settlePayment(row)', '        return finish(row, null, entry)'],
  ),
  bug(
    'a refund that billing has no room for is never tried again',
    [recovery],
    [workflow, 'nextRefundId: uuidv7(), delayMs', 'nextRefundId: refundId, delayMs'],
  ),
  bug(
    'a refund has another key each time',
    [recovery],
    [payment, 'key: sagaKey(refundId),', "key: sagaKey(refundId.replace(/^.{8}/, '00000000')),"],
    [payment, 'key: sagaKey(id),', 'key: sagaKey(refundId),'],
  ),
  bug(
    'a payment that comes after its refund is an error',
    [recovery],
    [
      workflow,
      "    if (paid.outcome === 'refused' && paid.code === 'withdrawal-refunded') return catchUp(row)\n",
      '',
    ],
  ),
  bug(
    'a time-out of billing is a refusal of the refund',
    [recovery],
    [
      workflow,
      "    if (back.outcome === 'unknown') return wait(row, 'refund', back)\n",
      "    if (back.outcome === 'unknown') {\n      return finish(row, null, timelineEntry(row, 'refund', back))\n    }\n",
    ],
  ),
  bug(
    'one manager gets no letter',
    [written],
    [letters, 'asked.managers.map((manager)', 'asked.managers.slice(1).map((manager)'],
  ),
  bug(
    'the managers of now are written to, not those of then',
    [written],
    [
      letters,
      'const at = decidedAt.toISOString()',
      'const at = (row.attempts > 0 ? new Date() : decidedAt).toISOString()',
    ],
  ),
  bug(
    'letters that nobody acknowledged are noted as sent',
    [written],
    [letters, 'if (unknown !== undefined) {', 'if (unknown !== undefined && sent.length === 0) {'],
  ),
  bug(
    'the customer waits until the managers are told',
    [written],
    [
      letters,
      'if (told !== undefined) afterwards.add(told)',
      'if (told !== undefined) await tellManagers(told)',
    ],
  ),
  bug(
    'a customer whose letter is not acknowledged is never told',
    [written],
    [
      letters,
      "    await postpone(store.dueLetters, row, 'letters', sent)\n    return undefined\n",
      '    return { id, row, ms: sent.ms }\n',
    ],
  ),
  bug(
    'managers are told when recovery comes, not at once',
    [written],
    [letters, 'if (told !== undefined) afterwards.add(told)', 'void told'],
  ),
  bug(
    'what nobody waits for is forgotten when the process ends',
    ['src/platform/saga/afterwards.test.ts'],
    ['src/platform/saga/afterwards.ts', '      await Promise.all(running)\n', ''],
  ),
  bug(
    'what nobody waits for piles up without an end',
    ['src/platform/saga/afterwards.test.ts'],
    [
      'src/platform/saga/afterwards.ts',
      'if (gathered.length + running.size >= maxUnfinished) return',
      'if (gathered.length >= maxUnfinished) return',
    ],
  ),
  bug(
    'what nobody waits for starts one by one',
    ['src/platform/saga/afterwards.test.ts'],
    [
      'src/platform/saga/afterwards.ts',
      '      timer ??= setTimeout(startAll, gatherMs)\n',
      '      startAll()\n',
    ],
  ),
  bug(
    'letters of each attempt have keys of their own',
    [written],
    [
      letters,
      'key: `${row.id}:${kind}:${reader.userId}`',
      'key: `${row.id}:${kind}:${reader.userId}:${row.attempts}`',
    ],
  ),
  bug(
    'a letter about a cancellation does not say why',
    [written],
    [
      letters,
      'reason: cancelledBy === null ? reason : cancelReason',
      'reason: cancelledBy === null ? reason : null',
    ],
  ),
  bug(
    'a repeat of a booking shows what became of it',
    [told],
    [answers, "status: row.decision ?? 'PENDING',", 'status: row.status,'],
  ),
  bug(
    'one key books one offer after the other',
    [told],
    [app, 'if (stored.offerId !== offerId) {', 'if (stored.offerId === undefined) {'],
  ),
  bug(
    'whoever likes completes a booking',
    [told],
    [app, 'if (found === undefined || !isManager) throw', 'if (found === undefined) throw'],
  ),
  bug(
    'whoever likes withdraws an offer',
    [told],
    [
      app,
      'if (!(await managers.isManager(acting))) {',
      'if (!(await managers.isManager(acting)) && person.id === id) {',
    ],
  ),
  bug(
    'a POST without a body is refused, for it declares no type of it',
    [told],
    [
      'src/platform/http/admission.ts',
      'if (route?.takesNoBody === true && hasNoBody(request)) return true\n',
      '',
    ],
  ),
]
