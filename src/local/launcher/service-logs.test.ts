import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createPaint } from './progress.ts'
import { createServiceLog, type ServiceLog } from './service-logs.ts'

let folder: string
let screen: string[]
let log: ServiceLog
beforeEach(async () => {
  vi.useFakeTimers()
  folder = await mkdtemp(path.join(tmpdir(), 'orderly-logs-'))
  screen = []
  log = createServiceLog({
    service: 'order',
    folder,
    limits: { maxBytes: 50_000_000, filesKept: 1, maxAgeMs: 1e9 },
    level: 'warn',
    show: (line) => screen.push(line),
    prefix: 'order',
    paint: createPaint(false),
  })
})
afterEach(async () => {
  log.close()
  vi.useRealTimers()
  await rm(folder, { recursive: true, force: true })
})

let lines = 0
const say = (level: number, status: number, msg = 'request') => {
  lines += 1
  const entry = { level, time: 'now', service: 'order', requestId: `r${lines}`, status, msg }
  log.onOutput(Buffer.from(`${JSON.stringify(entry)}\n`))
}

describe('the screen', () => {
  it('stays readable while everything fails, and the file has every line', () => {
    for (let second = 0; second < 150; second += 1) {
      for (let count = 0; count < 100; count += 1) {
        say(40, 502)
        say(40, 503)
        say(30, 200)
      }
      vi.advanceTimersByTime(1_000)
    }
    expect(screen.length).toBeLessThan(170)
    expect(screen.slice(0, 3).join('\n')).toMatch(
      /^(?:order .* warn .* request .* status=50[23]\n?){3}$/,
    )
    expect(screen.at(-1)).toBe(
      'order 100 more warnings like "request 502", 100 more warnings like "request 503" in the last second',
    )
    const file = readFileSync(path.join(folder, 'order.log'), 'utf8')
    expect(file.split('\n')).toHaveLength(150 * 300 + 1)
  })

  it('shows a kind again after it was quiet, and what comes now and then one by one', () => {
    for (let count = 0; count < 50; count += 1) say(50, 500, 'unforeseen failure')
    vi.advanceTimersByTime(1_000)
    expect(screen).toHaveLength(4)
    expect(screen[3]).toBe('order 47 more errors like "unforeseen failure 500" in the last second')
    vi.advanceTimersByTime(1_000)
    for (let second = 0; second < 5; second += 1) {
      say(50, 500, 'unforeseen failure')
      vi.advanceTimersByTime(1_000)
    }
    expect(screen).toHaveLength(9)
    expect(screen.at(-1)).toMatch(/status=500$/)
  })

  it('is not flooded by texts that are never the same, and they are counted', () => {
    for (let count = 0; count < 500; count += 1) say(40, 503, `number ${count}`)
    vi.advanceTimersByTime(1_000)
    expect(screen.length).toBeLessThan(12)
    expect(screen.at(-1)).toMatch(
      /^order 1 more warnings like .* 1 more .*, 490 others in the last second$/,
    )
  })

  it('tells what was left out also when everything ends in that second', () => {
    for (let count = 0; count < 10; count += 1) say(40, 503)
    log.close()
    expect(screen.at(-1)).toMatch(/^order 7 more warnings/)
    expect(vi.getTimerCount()).toBe(0)
  })
})

describe('what a service leaves when it dies', () => {
  it('is a whole line in the file, and the reason of its death', () => {
    log.onOutput(Buffer.from('{"level":30,"msg":"hal'))
    log.onError(Buffer.from('Error: no memory'))
    log.onEnd()
    log.onOutput(Buffer.from('{"level":30,"msg":"listening"}\n'))
    expect(log.lastError()).toBe('Error: no memory')
    expect(readFileSync(path.join(folder, 'order.log'), 'utf8')).toBe(
      '{"level":30,"msg":"hal\nError: no memory\n{"level":30,"msg":"listening"}\n',
    )
  })
})
