import { ConfigError } from '../platform/base/config.ts'

const units = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

const durationPattern = /^(\d{1,6})([smhd])$/
/** A day, or a moment of which everybody knows where: without a zone it would be a guess. */
const timePattern = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2}))?$/

/** The moment that a person means by a time, or by how long ago it was. */
export const readSince = (text: string, now = new Date()): Date => {
  const [, count, unit] = durationPattern.exec(text) ?? []
  const time =
    count === undefined
      ? new Date(timePattern.test(text) ? text : Number.NaN)
      : new Date(now.getTime() - Number(count) * units[unit as keyof typeof units])
  if (Number.isNaN(time.getTime())) {
    throw new ConfigError(
      `--since must be a duration like 90m, 24h or 7d, or a time like 2026-11-28 or 2026-11-28T10:00:00Z: ${text}`,
    )
  }
  return time
}
