/** How money, times and durations are written: one way on all pages. */

const money = new Intl.NumberFormat('en', { minimumFractionDigits: 2, maximumFractionDigits: 2 })

/** @param {number} minor kopecks */
export const formatMoney = (minor) => `${money.format(minor / 100)}\u00a0₽`

/**
 * The kopecks in what somebody typed: `150`, `150.5`, `1 500,50`. Undefined if it is no amount.
 * @param {string} text
 */
export const minorIn = (text) => {
  const plain = text.replaceAll(/[\s\u00a0₽]/g, '').replace(',', '.')
  const [, whole, part = ''] = /^(\d{1,12})(?:\.(\d{1,2}))?$/.exec(plain) ?? []
  if (whole === undefined) return undefined
  const minor = Number(whole) * 100 + Number(part.padEnd(2, '0'))
  return minor > 0 ? minor : undefined
}

/** @param {number} minor */
export const plainAmount = (minor) => (minor / 100).toFixed(2)

/** @param {number} ms */
export const formatDuration = (ms) => {
  if (ms < 999.5) return `${Math.round(ms)}\u00a0ms`
  const exact = ms / 1_000
  const seconds = Math.round(exact)
  if (seconds < 60) return `${exact < 9.95 ? exact.toFixed(1) : seconds}\u00a0s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes}\u00a0min ${seconds % 60}\u00a0s`
  const hours = Math.floor(minutes / 60)
  return hours < 48
    ? `${hours}\u00a0h ${minutes % 60}\u00a0min`
    : `${Math.floor(hours / 24)}\u00a0days`
}

const clock = new Intl.DateTimeFormat('en', { hour: '2-digit', minute: '2-digit', hour12: false })
const clockWithSeconds = new Intl.DateTimeFormat('en', { timeStyle: 'medium', hour12: false })
const day = new Intl.DateTimeFormat('en', { day: 'numeric', month: 'short' })
const dayOfYear = new Intl.DateTimeFormat('en', { day: 'numeric', month: 'short', year: 'numeric' })

/** The local time, as short as it may be today. @param {string} iso @param {number} [nowMs] */
export const formatTime = (iso, nowMs = Date.now()) => {
  const at = new Date(iso)
  const now = new Date(nowMs)
  if (at.toDateString() === now.toDateString()) return clock.format(at)
  const isThisYear = at.getFullYear() === now.getFullYear()
  return `${(isThisYear ? day : dayOfYear).format(at)}, ${clock.format(at)}`
}

/** The exact time, for who looks closer. @param {string} iso */
export const exactTime = (iso) => {
  const at = new Date(iso)
  const ms = String(at.getMilliseconds()).padStart(3, '0')
  return `${dayOfYear.format(at)}, ${clockWithSeconds.format(at)}.${ms} (${iso})`
}

/**
 * From when to when, by the clock of the place where it happens.
 * @param {{ startsAt: string, endsAt: string, timeZone: string }} what
 */
export const formatSpan = ({ startsAt, endsAt, timeZone }) =>
  new Intl.DateTimeFormat('en', {
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    hour12: false,
    timeZone,
  }).formatRange(new Date(startsAt), new Date(endsAt))
