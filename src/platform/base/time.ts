/** How answers tell a time: ISO 8601, with milliseconds, in UTC. */
export const toIso = (time: Date): string => time.toISOString()
