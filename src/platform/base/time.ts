/** Rows of reads carry Dates, rows of statements Postgres' text: answers carry ISO 8601. */
export const toIso = (time: Date | string): string => new Date(time).toISOString()
