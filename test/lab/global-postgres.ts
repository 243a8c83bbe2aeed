import type { TestProject } from 'vitest/node'
import type { ProvisionedDatabases } from '../../src/local/postgres/provision.ts'
import { makeDatabases, openPostgres } from './own-postgres.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** The administrator's address of the Postgres that all tests of this run share. */
    adminUrl: string
    /** The migrated databases that the tests copy. */
    templates: ProvisionedDatabases
  }
}

let end: () => Promise<void> = async () => {}

/** One real Postgres, fsync on, for the whole run, in a folder that is removed with it. */
export const setup = async (project: TestProject) => {
  const postgres = await openPostgres({ max_connections: '400' })
  project.provide('adminUrl', postgres.server().url)
  project.provide('templates', await makeDatabases(postgres))
  end = postgres.close
}

export const teardown = () => end()
