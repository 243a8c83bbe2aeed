import path from 'node:path'
import type { Environment } from '../../platform/base/config.ts'
import { launcherOn, projectFolder } from '../postgres/data-folder.ts'
import type { DatabaseUrls } from '../postgres/provision.ts'
import { StartError } from '../postgres/start-error.ts'

/** Where everything is kept when DATA_DIR does not say otherwise. */
export const dataFolderOf = (environment: Environment): string =>
  path.resolve(environment['DATA_DIR'] || path.join(projectFolder, '.data'))

export type RunningIdentity = { readonly database: string } | { readonly otherIssuer: string }

const nothingRuns = (folder: string, variables: string) =>
  new StartError(
    `nothing runs on ${folder}: run npm start first, or set ${variables}, or DATA_DIR to the folder of what runs`,
  )

/** For commands in another terminal: where the launcher that runs here keeps names and roles. */
export const runningIdentity = (environment: Environment): RunningIdentity => {
  const folder = dataFolderOf(environment)
  const launcher = launcherOn(folder)
  if (launcher?.otherIssuer !== undefined) return { otherIssuer: launcher.otherIssuer }
  const database = launcher?.databases?.identity
  if (database !== undefined) return { database }
  throw nothingRuns(folder, 'DATABASE_URL to the database of identity')
}

/** All databases of the launcher that runs here. With another issuer, identity has none. */
export const runningDatabases = (environment: Environment): DatabaseUrls => {
  const folder = dataFolderOf(environment)
  const launcher = launcherOn(folder)
  if (launcher?.databases !== undefined) return launcher.databases
  throw nothingRuns(folder, 'ORDER_DATABASE_URL and its siblings')
}
