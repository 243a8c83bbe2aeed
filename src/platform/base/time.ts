/** How answers tell a time: ISO 8601, with milliseconds, in UTC. */
export const toIso = (time: Date): string => time.toISOString()

/** Whether a text is the name of a time zone. The zones are those of the running Node. */
export const isTimeZone = (name: string): boolean => {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name })
    return true
  } catch {
    return false
  }
}
