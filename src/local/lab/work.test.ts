import { describe, expect, it } from 'vitest'
import { readingIn } from './work.ts'

describe('what metrics tell of open work', () => {
  it('is rows without a decision, rows that owe a letter, and the age of the oldest of both', () => {
    const metrics = `# HELP saga_open_rows Rows
saga_open_rows{saga="orders",state="PENDING"} 3
saga_open_rows{saga="orders",state="APPROVED"} 4
saga_open_rows{saga="order_changes",state="PENDING"} 1
saga_open_rows{saga="order_changes",state="DONE"} 2
saga_oldest_undecided_seconds{saga="orders"} 1.5
saga_oldest_owed_letter_seconds{saga="orders"} 2.25
recovery_lag_seconds{saga="orders"} 9
`
    expect(readingIn(metrics)).toEqual({ undecided: 4, owedLetters: 6, oldestMs: 2_250 })
  })

  it('is unknown while the tables cannot be read', () => {
    expect(readingIn('process_cpu_seconds_total 1\n')).toBeUndefined()
  })
})
