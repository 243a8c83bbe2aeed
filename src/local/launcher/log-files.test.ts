import { readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createWholeLines, openLogFile, type LogLimits } from './log-files.ts'

const dayMs = 86_400_000
let folder: string
let file: string
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'orderly-logs-'))
  file = path.join(folder, 'order.log')
})
afterEach(async () => {
  vi.useRealTimers()
  await rm(folder, { recursive: true, force: true })
})

const limits: LogLimits = { maxBytes: 1_000, filesKept: 3, maxAgeMs: 7 * dayMs }
const names = () => readdirSync(folder).toSorted()
const read = (name: string) => readFileSync(path.join(folder, name), 'utf8')
const line = (number: number) => Buffer.from(`line ${number} ${'x'.repeat(80)}\n`)
const numbersIn = (text: string) =>
  [...text.matchAll(/^line (\d+) x{80}$/gm)].map((found) => +found[1]!)

describe('a log file', () => {
  it('is put aside when it is long, so many are kept, and no line of them is lost or cut', () => {
    const log = openLogFile(file, limits)
    for (let number = 0; number < 35; number += 1) log.write(line(number))
    expect(names()).toEqual(['order.log', 'order.log.1', 'order.log.2', 'order.log.3'])
    const all = names().toReversed().map(read)
    for (const text of all) expect(text.length).toBeLessThanOrEqual(1_000)
    expect(numbersIn(all.join(''))).toEqual(Array.from({ length: 35 }, (_, index) => index))
    for (let number = 35; number < 60; number += 1) log.write(line(number))
    log.close()
    expect(names()).toEqual(['order.log', 'order.log.1', 'order.log.2', 'order.log.3'])
    const kept = numbersIn(names().toReversed().map(read).join(''))
    expect(kept.at(-1)).toBe(59)
    expect(kept).toEqual(
      Array.from({ length: kept.length }, (_, index) => 60 - kept.length + index),
    )
  })

  it('takes what is longer than a whole file all the same, in one piece', () => {
    const log = openLogFile(file, limits)
    log.write(line(1))
    const many = Buffer.concat(Array.from({ length: 30 }, (_, index) => line(index)))
    log.write(many)
    log.close()
    expect(read('order.log')).toBe(many.toString())
    expect(numbersIn(read('order.log.1'))).toEqual([1])
  })

  it('that is too long, or of which too many are kept, is put right at the start', () => {
    writeFileSync(file, Buffer.concat(Array.from({ length: 20 }, (_, index) => line(index))))
    for (const number of [1, 2, 3, 4, 9]) writeFileSync(`${file}.${number}`, `old ${number}\n`)
    openLogFile(file, limits).close()
    expect(names()).toEqual(['order.log', 'order.log.1', 'order.log.2', 'order.log.3'])
    expect([read('order.log'), read('order.log.2')]).toEqual(['', 'old 1\n'])
    expect(numbersIn(read('order.log.1'))).toHaveLength(20)
  })

  it('is put aside while it is written when it was begun long ago', () => {
    const log = openLogFile(file, limits)
    log.write(line(1))
    vi.useFakeTimers({ now: Date.now() + 8 * dayMs, toFake: ['Date'] })
    log.write(line(2))
    expect(numbersIn(read('order.log'))).toEqual([2])
    // Nobody had written to the other one for eight days: it was removed as soon as it was put aside.
    expect(names()).toEqual(['order.log'])
    log.close()
  })

  it('that nobody wrote to for long is removed at the start, others stay', () => {
    writeFileSync(`${file}.1`, 'young\n')
    writeFileSync(`${file}.2`, 'old\n')
    writeFileSync(path.join(folder, 'order.log.txt'), 'of somebody else\n')
    const longAgo = (Date.now() - 8 * dayMs) / 1_000
    utimesSync(`${file}.2`, longAgo, longAgo)
    openLogFile(file, limits).close()
    expect(names()).toEqual(['order.log', 'order.log.1', 'order.log.txt'])
  })

  it('begins a new line after half a one that was left by somebody who was killed', () => {
    writeFileSync(file, 'half a li')
    const log = openLogFile(file, limits)
    log.write(Buffer.from('whole\n'))
    log.close()
    expect(read('order.log')).toBe('half a li\nwhole\n')
  })
})

describe('two streams that share a file', () => {
  it('never tear a line apart, whatever their chunks are', () => {
    const written: string[] = []
    const streams = [0, 1].map(() => createWholeLines((lines) => written.push(lines.toString())))
    const text = Buffer.from(Array.from({ length: 50 }, (_, index) => `řádek ${index}\n`).join(''))
    for (let at = 0; at < text.length; at += 7) {
      for (const stream of streams) stream.take(text.subarray(at, at + 7))
    }
    streams[0]?.take(Buffer.from('the last words'))
    for (const stream of streams) stream.flush()
    const lines = written.join('').split('\n').slice(0, -1)
    expect(lines.filter((one) => !/^řádek \d+$/.test(one))).toEqual(['the last words'])
    expect(lines).toHaveLength(101)
  })
})
