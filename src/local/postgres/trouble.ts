import { StartError } from './start-error.ts'

/** What Postgres and initdb print, and what the user can do about it. */
const knownTroubles: readonly (readonly [RegExp, (folder: string) => string])[] = [
  [
    /no space left on device|check free disk space|wrote only \d+ of|disk quota exceeded|file too large/i,
    (folder) => `the disk that holds ${folder} is full: make room and start again`,
  ],
  [
    /read-only file system/i,
    (folder) => `${folder} lies on a read-only file system: set DATA_DIR to another folder`,
  ],
  [
    /permission denied|has wrong ownership|invalid permissions/i,
    (folder) =>
      `Postgres may not use ${folder}: give the folder to the user who starts orderly, or set DATA_DIR to another one`,
  ],
  [
    /could not map anonymous shared memory|cannot allocate memory|could not create shared memory/i,
    () => 'there is not enough memory for Postgres: close other programs and start again',
  ],
  [
    /invalid checkpoint record|could not locate a valid checkpoint|invalid data in file|incorrect checksum|pg_control/i,
    (folder) =>
      `the data in ${folder} is damaged: bring back a copy of it, or move the folder away to begin with empty data`,
  ],
]

const complaint = /^(?:.*\b)?(?:fatal|panic|error):\s*(.*)$/i

/** The first thing that Postgres itself calls an error, without its time stamp. */
export const firstComplaint = (output: string): string | undefined =>
  output
    .split('\n')
    .map((line) => complaint.exec(line)?.[1])
    .find((text) => text !== undefined)

export const explainPostgres = (output: string, folder: string, logFile?: string): StartError => {
  const known = knownTroubles.find(([pattern]) => pattern.test(output))
  if (known) return new StartError(known[1](folder))
  const said = firstComplaint(output) ?? output.trim().split('\n').at(-1) ?? ''
  const more = logFile ? ` (more in ${logFile})` : ''
  return new StartError(`Postgres does not start: ${said || 'it said nothing'}${more}`)
}
