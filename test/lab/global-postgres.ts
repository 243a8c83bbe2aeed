import type { TestProject } from 'vitest/node'
import { openPostgres } from './own-postgres.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** The administrator's address of the Postgres that all tests of this run share. */
    adminUrl: string
  }
}

let end: () => Promise<void> = async () => {}

/** One real Postgres, fsync on, for the whole run, in a folder that goes away with it. */
export const setup = async (project: TestProject) => {
  const postgres = await openPostgres({ max_connections: '400' })
  project.provide('adminUrl', postgres.server().url)
  end = postgres.close
}

export const teardown = () => end()
