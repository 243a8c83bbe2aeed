/** How answers tell a time: ISO 8601, with milliseconds, in UTC. */
export const toIso = (time: Date): string => time.toISOString()

/** More zones than are in use at one time. */
const maxZonesKept = 64

/**
 * Formats of times by the names of their zones. To make one takes longer and more memory than all
 * else about a time, so those in use are kept.
 */
export const createZoneFormats = (locale: string, options: Intl.DateTimeFormatOptions) => {
  const kept = new Map<string, Intl.DateTimeFormat>()
  return (timeZone: string): Intl.DateTimeFormat => {
    const format = kept.get(timeZone) ?? new Intl.DateTimeFormat(locale, { ...options, timeZone })
    // The one that was used last stands last, so that the first is the one to go.
    kept.delete(timeZone)
    kept.set(timeZone, format)
    const [oldest] = kept.keys()
    if (kept.size > maxZonesKept && oldest !== undefined) kept.delete(oldest)
    return format
  }
}

const anyFormatIn = createZoneFormats('en', {})

/** Whether a text is the name of a time zone. The zones are those of the running Node. */
export const isTimeZone = (name: string): boolean => {
  try {
    anyFormatIn(name)
    return true
  } catch {
    return false
  }
}
