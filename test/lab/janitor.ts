import { spawn } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

/**
 * Nothing may stay behind, however this process ends. A small shell waits until its standard input
 * ends, as it does when we end. Then it ends what is still listed and removes the folder. When all
 * went well the list is empty.
 */
const script = `
cat > /dev/null
while read -r signal pid; do kill -CONT "$pid"; kill "-$signal" "$pid"; done < "$1/processes"
[ -s "$1/processes" ] && sleep 1
rm -rf "$1"
`

export interface Janitor {
  /** A temporary folder that is removed when we end. */
  readonly folder: string
  /** Lists what must be ended, and with which signal. Returns how to take it off the list. */
  readonly watch: (signal: 'KILL' | 'QUIT', pid: number) => () => void
}

const startJanitor = (): Janitor => {
  const folder = mkdtempSync(path.join(tmpdir(), 'orderly-lab-'))
  const list = path.join(folder, 'processes')
  const lines = new Set<string>()
  const write = () => writeFileSync(list, [...lines].join(''))
  write()
  const shell = spawn('/bin/sh', ['-c', script, 'janitor', folder], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  shell.unref()
  return {
    folder,
    watch: (signal, pid) => {
      const line = `${signal} ${pid}\n`
      lines.add(line)
      write()
      return () => {
        if (lines.delete(line)) write()
      }
    },
  }
}

let started: Janitor | undefined

/** The janitor of this process. It works from the first request on. */
export const janitor = (): Janitor => (started ??= startJanitor())
