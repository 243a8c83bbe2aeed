import { describe, expect, it } from 'vitest'
import { createFakeUpstream } from '../../test/lab/fake-upstream.ts'
import { problemDocument, problemTable, type ProblemCode } from '../platform/base/errors.ts'
import type { Answer } from '../platform/calls/client.ts'
import { createCompanyClient } from './company.ts'
import { createUserClient } from './user.ts'

const options = { requestId: 'r-7', timeoutMs: 60 }
const at = '2026-11-20T09:30:00.000Z'

const problem = (code: ProblemCode): Answer => ({
  status: problemTable[code].status,
  data: problemDocument(code, 'd', 'r-1'),
})

/** A client of company that gets the same answer to each call. */
const answeredBy = (answer: Answer) => {
  const upstream = createFakeUpstream(() => answer)
  return { ...upstream, ...createCompanyClient(upstream) }
}

/** The answer to a question, which is sent like the questions that share a request. */
const partOf = ({ status, data }: Answer): Answer => ({
  status: 200,
  data: { answers: [{ status, body: data }] },
})

const category = { id: 'k-2', path: ['k-1', 'k-2'] }
const standing = { companyId: 'c-1', active: true, role: 'MANAGER', category }
const asked = { companyId: 'c-1', userId: 'u-1', categoryId: 'k-2', ...options }

describe('what company says of a standing', () => {
  it('is asked for with the user and the category', async () => {
    const { standing: ask, sent } = answeredBy({ status: 200, data: standing })
    await ask(asked)
    await ask({ companyId: 'c-1', userId: 'u-1', ...options })
    expect(sent.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'GET /companies/c-1/standing?userId=u-1&categoryId=k-2',
      'GET /companies/c-1/standing?userId=u-1',
    ])
  })

  it.each<[string, Answer, object]>([
    [
      'a manager and a category',
      { status: 200, data: standing },
      { outcome: 'done', active: true, role: 'MANAGER', categoryPath: ['k-1', 'k-2'] },
    ],
    [
      'no member and no category',
      { status: 200, data: { ...standing, active: false, role: null, category: null } },
      { outcome: 'done', active: false, role: null, categoryPath: null },
    ],
    ['no company', problem('company-not-found'), { outcome: 'refused', code: 'company-not-found' }],
  ])('is taken at its word: %s', async (_what, answer, word) => {
    const { standing: ask, logged } = answeredBy(answer)
    expect(await ask(asked)).toEqual({ ...word, attempts: 1, ms: expect.any(Number) })
    expect(logged).toEqual([])
  })

  it.each<[string, Answer]>([
    ['nothing', { status: 200 }],
    ['null', { status: 200, data: null }],
    ['another company', { status: 200, data: { ...standing, companyId: 'c-2' } }],
    ['no role', { status: 200, data: { ...standing, role: undefined } }],
    ['a role that nobody knows', { status: 200, data: { ...standing, role: 'OWNER' } }],
    ['nothing of the category', { status: 200, data: { ...standing, category: undefined } }],
    [
      'another category',
      { status: 200, data: { ...standing, category: { id: 'k-3', path: ['k-3'] } } },
    ],
    [
      'the path to another category',
      { status: 200, data: { ...standing, category: { id: 'k-2', path: ['k-1'] } } },
    ],
    ['a category without a path', { status: 200, data: { ...standing, category: { id: 'k-2' } } }],
    ['a word for active', { status: 200, data: { ...standing, active: 'yes' } }],
    ['a code alone', { status: 404, data: { code: 'company-not-found' } }],
    ['an address that it does not know', problem('not-found')],
  ])('is unknown and logged when it shows %s', async (_what, answer) => {
    const { standing: ask, logged } = answeredBy(answer)
    expect(await ask(asked)).toMatchObject({ outcome: 'unknown', attempts: 1 })
    expect(logged).toHaveLength(1)
  })
})

const masha = { userId: 'u-1', name: 'Masha', email: 'm@example.com', locale: 'ru' }
const told = { companyId: 'c-1', at, managers: [masha] }

describe('what company says of managers', () => {
  it.each<[string, Answer, object, number]>([
    ['them', { status: 200, data: told }, { outcome: 'done', managers: [masha] }, 0],
    [
      'nobody',
      { status: 200, data: { ...told, managers: [] } },
      { outcome: 'done', managers: [] },
      0,
    ],
    [
      'that it is too early: it is nobody’s fault',
      problem('too-early'),
      { outcome: 'unknown', reason: 'too-early' },
      0,
    ],
    ['no company', problem('company-not-found'), { outcome: 'unknown' }, 1],
    [
      'another moment',
      { status: 200, data: { ...told, at: at.replace('30', '31') } },
      { outcome: 'unknown' },
      1,
    ],
    [
      'another company',
      { status: 200, data: { ...told, companyId: 'c-2' } },
      { outcome: 'unknown' },
      1,
    ],
    [
      'somebody without an address',
      { status: 200, data: { ...told, managers: [{ ...masha, email: '' }] } },
      { outcome: 'unknown' },
      1,
    ],
    ['no list', { status: 200, data: { ...told, managers: undefined } }, { outcome: 'unknown' }, 1],
    ['nothing', { status: 200, data: null }, { outcome: 'unknown' }, 1],
  ])('when it shows %s', async (_what, answer, word, complaints) => {
    const { managersAt, logged } = answeredBy(partOf(answer))
    expect(await managersAt({ companyId: 'c-1', at, ...options })).toMatchObject(word)
    expect(logged).toHaveLength(complaints)
    expect(logged.join()).not.toContain('@')
  })

  it('is asked in one request by those who ask at the same moment, each for its own', async () => {
    const { managersAt, sent } = (() => {
      const upstream = createFakeUpstream(({ body }) => {
        const { questions } = JSON.parse(body ?? '') as { questions: { companyId: string }[] }
        const answers = questions.map(({ companyId }) => ({
          status: 200,
          body: { companyId, at, managers: [{ ...masha, name: companyId }] },
        }))
        return { status: 200, data: { answers } }
      })
      return { ...upstream, ...createCompanyClient(upstream) }
    })()
    const companies = ['c-1', 'c-2', 'c-1']
    const words = await Promise.all(
      companies.map((companyId) => managersAt({ companyId, at, ...options })),
    )
    expect(sent).toHaveLength(1)
    expect(words).toMatchObject(
      companies.map((companyId) => ({ outcome: 'done', managers: [{ name: companyId }] })),
    )
  })

  it.each([{}, { answers: [] }, { answers: [null] }])(
    'is unknown when all is answered with %j',
    async (data) => {
      const { managersAt } = answeredBy({ status: 200, data })
      const word = await managersAt({ companyId: 'c-1', at, ...options })
      expect(word).toMatchObject({ outcome: 'unknown' })
    },
  )
})

describe('who user says somebody is', () => {
  const shown = { ...masha, username: 'masha' }
  it.each<[string, Answer, object, number]>([
    ['the person', { status: 200, data: shown }, { outcome: 'done', person: masha }, 0],
    ['nobody', problem('user-not-found'), { outcome: 'refused', code: 'user-not-found' }, 0],
    ['another', { status: 200, data: { ...shown, userId: 'u-2' } }, { outcome: 'unknown' }, 1],
    ['no address', { status: 200, data: { ...shown, email: '' } }, { outcome: 'unknown' }, 1],
    ['no name', { status: 200, data: { ...shown, name: undefined } }, { outcome: 'unknown' }, 1],
    [
      'no language',
      { status: 200, data: { ...shown, locale: undefined } },
      { outcome: 'unknown' },
      1,
    ],
    ['a code alone', { status: 404, data: { code: 'user-not-found' } }, { outcome: 'unknown' }, 1],
  ])('when it shows %s', async (_what, answer, word, complaints) => {
    const upstream = createFakeUpstream(() => answer)
    const said = await createUserClient(upstream).person({ userId: 'u-1', ...options })
    expect(said).toMatchObject(word)
    expect(upstream.logged).toHaveLength(complaints)
    expect(upstream.logged.join()).not.toContain('@')
  })
})
