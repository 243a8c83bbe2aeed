import { describe, expect, it } from 'vitest'
import { createProgress } from './progress.ts'

/** Ten seconds pass between any two looks at the clock. */
const watch = (isTTY: boolean) => {
  const written: string[] = []
  let ms = 0
  const clock = () => (ms += 10_000)
  const screen = { isTTY, write: (text: string) => written.push(text) }
  return { written, ...createProgress(screen, clock) }
}

describe('how far the audit is', () => {
  it('is a bar on a terminal, of which nothing is left', () => {
    const { written, progress, end } = watch(true)
    progress.begin(200)
    progress.onRows(100)
    expect(written.at(-1)).toMatch(/^\r\S+\[#{15}\.{15}\] 50 % {2}100 rows/)
    end()
    expect(written.at(-1)).toBe('\r\u001B[2K')
  })

  it('is plain lines elsewhere, and never more than all', () => {
    const { written, progress, end } = watch(false)
    progress.begin(100)
    progress.onRows(150)
    progress.say('looking again')
    end()
    expect(written).toEqual([
      expect.stringMatching(/^100 % {2}150 rows, \d+ a second\n$/),
      'looking again\n',
    ])
  })
})
