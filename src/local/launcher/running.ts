import path from 'node:path'
import type { Environment } from '../../platform/base/config.ts'
import { launcherOn, projectFolder } from '../postgres/data-folder.ts'
import { StartError } from '../postgres/start-error.ts'

/** Where everything is kept when DATA_DIR does not say otherwise. */
export const dataFolderOf = (environment: Environment): string =>
  path.resolve(environment['DATA_DIR'] || path.join(projectFolder, '.data'))

export type RunningIdentity = { readonly database: string } | { readonly otherIssuer: string }

/** For commands in another terminal: where the launcher that runs here keeps names and roles. */
export const runningIdentity = (environment: Environment): RunningIdentity => {
  const folder = dataFolderOf(environment)
  const launcher = launcherOn(folder)
  if (launcher?.otherIssuer !== undefined) return { otherIssuer: launcher.otherIssuer }
  if (launcher?.identityDatabase !== undefined) return { database: launcher.identityDatabase }
  throw new StartError(
    `nothing runs on ${folder}: run npm start first, or set DATABASE_URL to the database of identity, or DATA_DIR to the folder of what runs`,
  )
}
