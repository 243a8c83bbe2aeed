import { describe, expect, it } from 'vitest'
import { faultsOf, type RunReport } from './verdict.ts'

const success = { status: 'success', skip_reason: null }
const passed: RunReport = {
  complete: true,
  operations: { total: 2, tested: 2, errored: 0 },
  phases: { examples: success, coverage: success, fuzzing: success, stateful: success },
  test_cases: { generated: 400, errored: 0 },
  failures: [],
  errors: [],
}

describe('a run of Schemathesis', () => {
  it('passes when everything was tried and nothing was found', () => {
    expect(faultsOf({ exitCode: 0, report: passed })).toEqual([])
    const stateful = { status: 'skip', skip_reason: 'not_applicable' }
    const report = { ...passed, phases: { ...passed.phases, stateful } }
    expect(faultsOf({ exitCode: 0, report })).toEqual([])
  })

  it.each<[string, Partial<RunReport>, RegExp]>([
    [
      'it found something',
      { failures: [{ code: 'ST1', title: 'Server error', operations: ['GET /orders'] }] },
      /^ST1 Server error: GET \/orders$/,
    ],
    ['it met errors', { errors: [{ message: 'no connection' }] }, /^errors: .*no connection/],
    ['it was interrupted', { complete: false }, /not finished/],
    ['it left operations out', { operations: { total: 2, tested: 1, errored: 0 } }, /1 of 2/],
    ['there was nothing to test', { operations: { total: 0, tested: 0, errored: 0 } }, /0 of 0/],
    ['it sent nothing', { test_cases: { generated: 0, errored: 0 } }, /no more than 0 requests/],
    ['a phase is missing', { phases: { ...passed.phases, fuzzing: undefined! } }, /fuzzing/],
    [
      'it had no time for a phase',
      { phases: { ...passed.phases, stateful: { status: 'skip', skip_reason: 'max_time' } } },
      /stateful/,
    ],
  ])('fails when %s, even if it ended with 0', (_what, part, fault) => {
    expect(faultsOf({ exitCode: 0, report: { ...passed, ...part } })).toEqual([
      expect.stringMatching(fault),
    ])
  })

  it('fails when it ended with another code, or left no report', () => {
    expect(faultsOf({ exitCode: 1, report: passed })).toEqual(['it ended with 1'])
    expect(faultsOf({ exitCode: 0, report: null })).toEqual([expect.stringContaining('no report')])
  })
})
