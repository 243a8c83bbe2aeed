import { describe, expect, it } from 'vitest'
import { checkQueries, queriesAsked, readQuery } from '../lab/promql.ts'

/** That the check of queries (in start-and-stop.test.ts, with real metrics) finds what is wrong. */
const metrics = [
  '# HELP a_total text',
  'a_total{service="x",reason="one"} 0',
  'a_total{service="x",reason="two"} 0',
  'b_seconds_bucket{service="x",le="1"} 1',
].join('\n')

const complaintsOf = (expr: string, shown: readonly string[] = []) =>
  checkQueries([{ where: 'here', expr, shown }], [metrics]).complaints

describe('the check of queries', () => {
  it('finds the metrics of an expression, and nothing else in it', () => {
    const { selectors, groups } = readQuery(
      'sum by (a, b) (rate(x_total{c="d",e=~"f|g"}[1m])) > 0.1 * max(y:z) unless on (a) time() - q > 26 * 3600',
    )
    expect(selectors.map(({ name }) => name)).toEqual(['x_total', 'y:z', 'q'])
    expect(selectors[0]?.matchers).toEqual([
      { label: 'c', values: ['d'] },
      { label: 'e', values: ['f', 'g'] },
    ])
    expect(groups).toEqual(['a', 'b', 'a'])
  })

  it.each([
    ['sum by (service) (rate(a_total[1m]))', []],
    ['histogram_quantile(0.5, sum by (le) (rate(b_seconds_bucket[1m])))', []],
    ['up{job="orderly"} == 0', []],
    ['rate(c_total[1m])', ['here: c_total']],
    ['a_total{kind="one"}', ['here: a_total{kind}']],
    ['a_total{reason=~"one|three"}', ['here: a_total{reason="three"}']],
    ['sum by (kind) (a_total)', ['here: kind']],
  ])('says of %s: %j', (expr, complaints) => {
    expect(complaintsOf(expr)).toEqual(complaints)
  })

  it('sees that a legend shows a label that the sum has lost', () => {
    expect(complaintsOf('sum by (service) (a_total)', ['reason'])).toEqual(['here: reason'])
    expect(complaintsOf('a_total', ['reason', 'kind'])).toEqual(['here: kind'])
  })

  it('reads all rules and panels', () => {
    const asked = queriesAsked()
    expect(asked.filter(({ where }) => where.startsWith('alerts.yml')).length).toBeGreaterThan(10)
    expect(asked.filter(({ where }) => where.startsWith('orderly-')).length).toBeGreaterThan(40)
  })
})
