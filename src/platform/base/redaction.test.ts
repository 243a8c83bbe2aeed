import postgres from 'postgres'
import { describe, expect, it } from 'vitest'
import { createTestDatabase } from '../../../test/lab/database.ts'
import { openTestDatabase } from '../../../test/lab/service.ts'
import { errorText, hidePersonal } from './redaction.ts'

const mail = 'žofie+order@přiklad.example'
const written = (entry: Record<string, unknown>) => JSON.stringify(hidePersonal(entry))

describe('an entry of the log', () => {
  it('keeps what tells of the work', () => {
    const entry = {
      requestId: '019aa0b6-5301-7d20-9c11-4e5f60718293',
      method: 'GET',
      path: '/orders/019aa0b6-52a5-7c11-8f6e-2d3c4b5a6978',
      status: 200,
      ms: 4,
      requestIds: ['one', 'two'],
      port: 8_000,
    }
    expect(hidePersonal(entry)).toEqual(entry)
  })

  it.each([
    'email',
    'userName',
    'name',
    'member_name',
    'address',
    'location',
    'managers',
    'first_name',
    'last-name',
    'phone',
    'body',
    'subject',
    'title',
    'cancelReason',
    'description',
    'detail',
    'Authorization',
    'access_token',
    'password',
    'Idempotency-Key',
    'parameters',
  ])('has no %s, whatever is in it', (name) => {
    for (const value of ['Anna', 7_123_456, ['Anna'], { deep: 'Anna' }]) {
      expect(written({ [name]: value })).toBe(`{"${name}":"[redacted]"}`)
    }
  })

  it('keeps ids, codes and states of an object that came from elsewhere, and nothing else', () => {
    const answer = {
      status: 409,
      data: { code: 'account-differs', userId: '7', greeting: 'Anna', account: { email: mail } },
    }
    expect(hidePersonal({ answer })).toEqual({
      answer: {
        status: 409,
        data: {
          code: 'account-differs',
          userId: '7',
          greeting: '[redacted]',
          account: { email: '[redacted]' },
        },
      },
    })
    expect(written({ answer: 'Anna', list: [{ said: 'Berta' }] })).not.toContain('Berta')
  })

  it('keeps the reason of a refusal, and not the words of somebody who cancelled', () => {
    const refused = { booking: { status: 'REFUSED', reason: 'insufficient-funds' } }
    expect(hidePersonal(refused)).toEqual(refused)
    for (const reason of ['Anna', 'anna is ill', 'anna\n', '7', 'insufficient-funds-Anna']) {
      expect(written({ booking: { reason } })).toBe('{"booking":{"reason":"[redacted]"}}')
    }
  })

  it('has no address in a path or a sentence, and keeps the folders of packages', () => {
    expect(written({ path: `/users/${mail}` })).toBe('{"path":"/users/[redacted]"}')
    expect(written({ path: `/users/anna%40example.com/x` })).toBe('{"path":"/users/[redacted]/x"}')
    const folder = 'file:///srv/node_modules/@hono/node-server/index.js'
    expect(written({ where: folder })).toContain(folder)
  })

  it('ends where objects are too deep or turn round in a circle', () => {
    const circle: Record<string, unknown> = { name: 'Anna' }
    circle['again'] = circle
    expect(written({ circle })).not.toContain('Anna')
  })
})

describe('an error in the log', () => {
  it('tells what it is and where, not what its message quotes', () => {
    const error = new Error(`no way to ${mail}`, { cause: new TypeError(`because of ${mail}`) })
    Object.assign(error, { code: 'ECONNRESET', recipient: 'Anna' })
    const { err } = hidePersonal({ err: error }) as { err: Record<string, unknown> }
    expect(err).toMatchObject({
      type: 'Error',
      message: 'no way to [redacted]',
      code: 'ECONNRESET',
      causes: [{ type: 'TypeError' }],
    })
    expect(err['stack']).toMatch(/^ +at .*redaction\.test\.ts/)
    for (const text of [JSON.stringify(err), errorText(error)]) {
      expect(text).not.toContain(mail)
      expect(text).not.toContain('Anna')
    }
    expect(errorText(error)).toMatch(/^Error: no way to \[redacted\]\n +at /)
  })

  it('does not show the text that was no JSON', async () => {
    const parse = () => JSON.parse(`{"email":${mail}`) as unknown
    expect(parse).toThrow('ofie')
    const failed: unknown = await Promise.resolve()
      .then(parse)
      .catch((error: unknown) => error)
    expect(written({ failed })).toMatch(/could not be parsed/)
    expect(written({ failed })).not.toContain('ofie')
  })

  it('of the database names the constraint, not the row', async () => {
    const { url } = await createTestDatabase('user')
    const sql = postgres(url, { max: 1, onnotice: () => {} })
    try {
      const insert = () =>
        sql`insert into users (id, username, email, request_id, account)
          values (gen_random_uuid(), 'Anna', ${mail}, 'r', 'OPEN')`
      await insert()
      const twice: unknown = await insert().catch((error: unknown) => error)
      expect((twice as postgres.PostgresError).detail).toMatch(/anna|ofie/)
      expect(hidePersonal({ err: twice })).toMatchObject({
        err: { type: 'PostgresError', code: '23505', table_name: 'users' },
      })
      const wrong: unknown = await sql`select ${'Anna'}::text::int`.catch((error: unknown) => error)
      expect((wrong as Error).message).toContain('Anna')
      expect(`${written({ twice })}${written({ wrong })}${errorText(wrong)}`).not.toMatch(
        /anna|ofie/i,
      )
    } finally {
      await sql.end()
    }
  })

  it('of a read names the statement, not its parameters', async () => {
    const { url } = await createTestDatabase('user')
    const database = openTestDatabase('user', url)
    const failed: unknown = await database
      .read('nothing', (reader) => reader.execute(`select 'x'::int`))
      .catch((error: unknown) => error)
    expect(written({ failed })).toMatch(/22P02/)
    const told = new Error(`Failed query: select $1\nparams: Anna,${mail}`)
    expect(written({ told })).toContain('select $1')
    expect(written({ told })).not.toMatch(/Anna|ofie/)
  })
})
