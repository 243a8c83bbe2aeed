import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** Also true for processes of other users, which we may see but not signal. */
export const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false
  }
  return process.platform !== 'linux' || linuxState(pid) !== 'Z'
}

/** The fields of /proc/<pid>/stat after the program's name, which may contain anything. */
const linuxStat = (pid: number): string[] | undefined => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  } catch {
    return undefined
  }
}

const linuxState = (pid: number) => linuxStat(pid)?.[0]

const ps = (pid: number, column: string): string | undefined => {
  try {
    const output = execFileSync('ps', ['-o', `${column}=`, '-p', String(pid)], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    return output.trim() || undefined
  } catch {
    return undefined
  }
}

/**
 * When the process began, as a text that is only good for comparing. Process ids are used again,
 * above all after a reboot or in a container. The id and the start together identify one process.
 */
export const startOf = (pid: number): string | undefined => {
  if (!isAlive(pid)) return undefined
  return process.platform === 'linux' ? linuxStat(pid)?.[19] : ps(pid, 'lstart')
}

/** The name of the program that runs as `pid`. */
export const programOf = (pid: number): string | undefined => {
  if (!isAlive(pid)) return undefined
  if (process.platform !== 'linux') return ps(pid, 'comm')?.split('/').at(-1)
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim()
  } catch {
    return undefined
  }
}
