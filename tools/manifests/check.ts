import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { checkCapacity } from './capacity.ts'
import { createCatalog } from './catalog.ts'
import { readManifests } from './documents.ts'
import { imageProblems } from './image.ts'
import { modelProblems } from './models.ts'
import { checkNetwork } from './network.ts'
import { checkPostgres } from './postgres.ts'
import { checkReferences } from './references.ts'
import { checkWorkloads } from './workloads.ts'
import { projectRoot } from '../run-tool.ts'

export interface ManifestCheck {
  readonly count: number
  /** Each begins with the file and the line that are to be mended. */
  readonly problems: readonly string[]
}

/** What the manifests say of each other, of the registry and of the services' variables. */
export const checkAgreement = (root: string): ManifestCheck => {
  const { manifests, problems } = readManifests(join(root, 'k8s'))
  const catalog = createCatalog(manifests)
  checkReferences(catalog)
  checkWorkloads(catalog)
  checkNetwork(catalog)
  checkCapacity(catalog)
  checkPostgres(catalog)
  const image = imageProblems(join(root, 'Dockerfile'))
  return { count: manifests.length, problems: [...problems, ...catalog.problems, ...image] }
}

/**
 * Checks the manifests without a cluster: first each by itself against the typed
 * models of Kubernetes, then, when all are well-formed, whether they agree.
 */
export const checkManifests = async (root: string): Promise<ManifestCheck> => {
  const { manifests, problems } = readManifests(join(root, 'k8s'))
  const count = manifests.length
  if (count === 0) return { count, problems: ['k8s: there is no manifest', ...problems] }
  const malformed = [...problems, ...(await modelProblems(manifests))]
  return malformed.length > 0 ? { count, problems: malformed } : checkAgreement(root)
}

const main = async () => {
  const { values } = parseArgs({ options: { root: { type: 'string', default: projectRoot } } })
  const { count, problems } = await checkManifests(resolve(values.root))
  for (const problem of new Set(problems)) console.error(problem)
  if (problems.length > 0) process.exitCode = 1
  else console.log(`${count} manifests agree with Kubernetes, the registry and the services.`)
}

if (import.meta.main) await main()
