import { describe, expect, it } from 'vitest'
import { explainPostgres } from './trouble.ts'

const explain = (output: string) => explainPostgres(output, '/data', '/data/logs/postgres.log')

describe('what Postgres says when it does not start', () => {
  it.each([
    ['initdb: error: could not write file "x": No space left on device'],
    [
      'FATAL:  could not extend file "base/1/2691": wrote only 4096 of 8192 bytes at block 9\nHINT:  Check free disk space.',
    ],
    ['FATAL:  could not create lock file "postmaster.pid": No space left on device'],
  ])('is told as a full disk: %s', (output) => {
    expect(explain(output).message).toBe(
      'the disk that holds /data is full: make room and start again',
    )
  })

  it('is told as a folder that may not be used', () => {
    const output = 'postgres: could not access directory "/data/postgres": Permission denied'
    expect(explain(output).message).toMatch(/^Postgres may not use \/data: .*DATA_DIR/)
  })

  it('is told as damaged data', () => {
    const output = '2026-01-01 00:00:00 UTC [1] PANIC:  could not locate a valid checkpoint record'
    expect(explain(output).message).toMatch(/^the data in \/data is damaged/)
  })

  it('is quoted without its time stamp, and with its log, when nothing better is known', () => {
    const output = '2026-01-01 00:00:00 UTC [1] LOG:  hello\n2026 UTC [1] FATAL:  something else\n'
    expect(explain(output).message).toBe(
      'Postgres does not start: something else (more in /data/logs/postgres.log)',
    )
  })
})
