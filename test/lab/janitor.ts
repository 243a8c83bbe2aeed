import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

/**
 * Nothing may stay behind, however this process ends: a small shell waits for
 * the end of its standard input, which is the end of us, then ends what is
 * still listed and removes the folder. When all went well the list is empty.
 */
const script = `
cat > /dev/null
while read -r signal pid; do kill -CONT "$pid"; kill "-$signal" "$pid"; done < "$1/processes"
sleep 1
rm -rf "$1"
`

export interface Janitor {
  /** A temporary folder that goes with us. */
  readonly folder: string
  /** What would have to be ended: the signal, and the process. */
  readonly watch: (processes: readonly (readonly ['KILL' | 'QUIT', number])[]) => void
  readonly end: () => void
}

export const startJanitor = (): Janitor => {
  const folder = mkdtempSync(path.join(tmpdir(), 'orderly-chaos-'))
  const list = path.join(folder, 'processes')
  const watch: Janitor['watch'] = (processes) =>
    writeFileSync(list, processes.map(([signal, pid]) => `${signal} ${pid}\n`).join(''))
  watch([])
  const shell = spawn('/bin/sh', ['-c', script, 'janitor', folder], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  shell.unref()
  return {
    folder,
    watch,
    end: () => {
      watch([])
      shell.stdin.end()
      try {
        rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 })
      } catch {
        // Somebody still writes into it; the shell removes it a moment later.
      }
    },
  }
}
