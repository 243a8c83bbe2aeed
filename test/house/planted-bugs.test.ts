import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { projectRoot } from '../../tools/run-tool.ts'
import { mutations } from '../campaigns/mutants/mutations.ts'

/**
 * Planting all bugs takes half an hour, so it does not run with every change. This test does: a bug
 * whose text or tests do not exist any more proves nothing.
 */
const textOf = (file: string) => readFileSync(join(projectRoot, file), 'utf8')

describe('the planted bugs', () => {
  it('are many, and no two have the same name', () => {
    expect(mutations.length).toBeGreaterThanOrEqual(143)
    expect(new Set(mutations.map(({ name }) => name)).size).toBe(mutations.length)
  })

  it.each(mutations)('can still be planted: $name', ({ edits, tests }) => {
    expect(edits.length).toBeGreaterThan(0)
    const planted = new Map<string, string>()
    for (const [file, search, replacement] of edits) {
      const text = planted.get(file) ?? textOf(file)
      expect(text.split(search), `${file} has this just once:\n${search}`).toHaveLength(2)
      expect(replacement).not.toBe(search)
      planted.set(
        file,
        text.replace(search, () => replacement),
      )
    }
    expect(tests.length).toBeGreaterThan(0)
    expect(tests.filter((file) => !existsSync(join(projectRoot, file)))).toEqual([])
  })
})
