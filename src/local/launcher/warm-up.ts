import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { projectFolder, readIfThere } from '../postgres/data-folder.ts'

/** What a cache was made from: another Node, other packages or other code need another one. */
const stampOf = (command: readonly string[]): string => {
  const hash = createHash('sha256').update(JSON.stringify([process.version, command]))
  hash.update(readFileSync(path.join(projectFolder, 'package-lock.json')))
  const src = path.join(projectFolder, 'src')
  const names = readdirSync(src, { recursive: true, encoding: 'utf8' })
  for (const name of names.filter((each) => each.endsWith('.ts')).toSorted()) {
    const { mtimeMs, size } = statSync(path.join(src, name))
    hash.update(`${name} ${mtimeMs} ${size}\n`)
  }
  return hash.digest('hex')
}

export interface WarmUpOptions {
  /** The command that runs a service, to which a word is added. */
  readonly command: readonly [string, ...string[]]
  /** Where Node keeps compiled code. */
  readonly cache: string
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly signal: AbortSignal
}

/**
 * Loads the code of all services once, so that each of them finds it compiled. Without this every
 * one of them would load the compiler that strips types, which then stays in its memory (14 MB).
 * Does nothing when it was done before. A failure means nothing: the services tell what is wrong.
 */
export const warmUp = async (options: WarmUpOptions): Promise<void> => {
  const { command, cache, environment, signal } = options
  const file = path.join(cache, 'warm')
  const stamp = stampOf(command)
  if (readIfThere(file) === stamp) return
  const [program, ...args] = command
  const child = spawn(program, [...args, 'warm-up'], {
    env: { ...environment, NODE_COMPILE_CACHE: cache },
    stdio: 'ignore',
    windowsHide: true,
    signal,
  })
  const code = await new Promise<number | null>((resolve) => {
    child.once('error', () => resolve(null))
    child.once('close', resolve)
  })
  if (code === 0) writeFileSync(file, stamp)
}
