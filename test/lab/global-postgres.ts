import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { TestProject } from 'vitest/node'
import { openDataFolder } from '../../src/local/postgres/data-folder.ts'
import { startEmbeddedPostgres } from '../../src/local/postgres/embedded.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** The administrator's address of the Postgres that all tests of this run share. */
    adminUrl: string
  }
}

/**
 * A run that is killed cannot clean up. This small shell waits for the end of
 * our side of a pipe, which comes however we end, and then does it instead.
 */
const watchOver = (pid: number, folder: string): ChildProcess => {
  const script = 'cat >/dev/null; kill -QUIT "$1" 2>/dev/null; sleep 1; rm -rf "$2"'
  const watcher = spawn('/bin/sh', ['-c', script, 'watcher', String(pid), folder], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  })
  watcher.unref()
  return watcher
}

let end: () => Promise<void> = async () => {}

/** One real Postgres, fsync on, for the whole run, in a folder that goes away with it. */
export const setup = async (project: TestProject) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'orderly-test-'))
  const server = await startEmbeddedPostgres({
    data: openDataFolder(folder),
    settings: { max_connections: '400' },
  })
  const watcher = watchOver(server.pid, folder)
  project.provide('adminUrl', server.url)
  end = async () => {
    await server.stop()
    await rm(folder, { recursive: true, force: true })
    watcher.kill('SIGKILL')
  }
}

export const teardown = () => end()
