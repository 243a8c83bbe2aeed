import { describe, expect, it } from 'vitest'
import type { Box, Switch } from '../state.ts'
import { brokenIn, rate, secondsLeft, withNames, workWords } from './words.js'

const box = (name: Box['name'], health: Box['health']): Box => ({ name, health, sinceMs: 0 })
const on = (id: Switch['id']): Switch => {
  const [fault, target] = id.split(':') as [Switch['fault'], string]
  return { id, fault, target, isOn: true, endsAtMs: 10_000, strikes: 0 }
}

describe('what is broken', () => {
  it('is told by what was done, and by what nobody did', () => {
    const boxes = [box('billing', 'down'), box('user', 'starting'), box('order', 'ready')]
    expect(brokenIn({ boxes, switches: [on('kill:billing'), on('delay:order>billing')] })).toEqual([
      'billing is killed',
      'order → billing is late',
      'user is starting',
    ])
  })

  it('counts those that only wait for others, so that the cause is seen', () => {
    const boxes = [box('postgres', 'down'), box('user', 'waiting'), box('order', 'waiting')]
    expect(brokenIn({ boxes, switches: [on('stop:postgres')] })).toEqual([
      'Postgres is stopped',
      '2 cannot work meanwhile',
    ])
  })

  it('is nothing when nothing is', () => {
    const off = { ...on('kill:billing'), isOn: false }
    expect(brokenIn({ boxes: [box('billing', 'ready')], switches: [off] })).toEqual([])
  })
})

describe('what waits', () => {
  const rested = { undecided: 0, owedLetters: 0, oldestMs: 0, silent: [] }

  it('is nothing only when everybody was asked', () => {
    expect(workWords(rested)).toBe('Nothing waits.')
    expect(workWords({ ...rested, silent: ['billing', 'user'] })).toBe(
      'Nothing else waits. Open rows of billing and user are not known.',
    )
  })

  it('is told with the age of the oldest', () => {
    expect(workWords({ ...rested, undecided: 2, oldestMs: 3_000 })).toMatch(
      /^The oldest waits for 3\.0\ss\. They heal by themselves\.$/,
    )
    expect(workWords({ ...rested, owedLetters: 1, silent: ['booking'] })).toMatch(
      /They heal by themselves\. Open rows of booking are not known\.$/,
    )
  })

  it('is unknown without order', () => {
    const unknown = { undecided: undefined, owedLetters: undefined, oldestMs: undefined }
    expect(workWords({ ...unknown, silent: ['order'] })).toMatch(/^Nobody can tell/)
  })
})

describe('figures and names', () => {
  it('count the last second as one, and no second of what is off', () => {
    const left = (nowMs: number) => secondsLeft(on('kill:billing'), nowMs)
    expect([0, 9_001, 9_999, 11_000].map(left)).toEqual([10, 1, 1, 1])
    expect(secondsLeft({ ...on('kill:billing'), endsAtMs: undefined }, 0)).toBeUndefined()
  })

  it('are short', () => {
    expect([0, 0.04, 0.25, 9.96, 38.4].map(rate)).toEqual(['0/s', '0/s', '0.3/s', '10.0/s', '38/s'])
    expect(withNames('order>postgres lost answers')).toBe('order → Postgres lost answers')
    expect(withNames('billing was killed')).toBe('billing was killed')
  })
})
