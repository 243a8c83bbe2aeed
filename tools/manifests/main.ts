import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { firstDifference } from '../first-difference.ts'
import { projectRoot } from '../run-tool.ts'
import { createCatalog, readManifests } from './documents.ts'
import { checkEnvironments } from './environment.ts'
import { filledFiles } from './fill.ts'
import { generateManifests } from './generate.ts'
import { observabilityFiles } from './observability.ts'
import { imageProblems } from './image.ts'
import { modelProblems } from './models.ts'
import { readPlan } from './plan.ts'
import { checkPostgres } from './postgres.ts'
import { checkReferences } from './references.ts'
import { checkSecrets } from './secret-references.ts'
import { settings } from './settings.ts'

/** The generated files of services that do not run, because another issuer takes their place. */
const surplusFiles = (root: string, generated: ReadonlyMap<string, string>): string[] =>
  Object.values(settings)
    .map(({ file }) => file)
    .filter((file) => !generated.has(file) && existsSync(join(root, 'k8s', file)))

const writtenFiles = (root: string) =>
  new Map([...generateManifests(readPlan(root)), ...filledFiles(root), ...observabilityFiles()])

/** Where the generated files are not what the registry and the settings say. */
export const manifestDifferences = (root: string): string[] => {
  const generated = writtenFiles(root)
  const differing = [...generated].flatMap(([name, text]) => {
    const path = join(root, 'k8s', name)
    const found = existsSync(path) ? readFileSync(path, 'utf8') : ''
    return found === text ? [] : [`k8s/${name} differs, ${firstDifference(text, found)}`]
  })
  const surplus = surplusFiles(root, generated).map(
    (name) => `k8s/${name} is not needed: ISSUER_URL in 10-settings.yaml names another issuer`,
  )
  return [...differing, ...surplus]
}

/** What only thought can check. Each problem begins with the file and the line. */
export const checkAgreement = (root: string): string[] => {
  const { manifests, problems } = readManifests(join(root, 'k8s'))
  const catalog = createCatalog(manifests)
  const plan = readPlan(root)
  for (const check of [checkReferences, checkSecrets, checkPostgres]) check(catalog)
  checkEnvironments(catalog, plan)
  return [...problems, ...catalog.problems, ...imageProblems(join(root, 'Dockerfile'))]
}

/** Each manifest against the models of Kubernetes and, when all are well-formed, against the others. */
export const checkManifests = async (root: string) => {
  const { manifests, problems } = readManifests(join(root, 'k8s'))
  const malformed = [...problems, ...(await modelProblems(manifests))]
  return malformed.length > 0 ? malformed : checkAgreement(root)
}

const check = async () => {
  const differences = manifestDifferences(projectRoot)
  const problems = [...differences, ...new Set(await checkManifests(projectRoot))]
  for (const problem of problems) console.error(problem)
  if (differences.length > 0) {
    console.error('Generated manifests differ: run `npm run manifests` and look at the diff.')
  }
  if (problems.length > 0) process.exitCode = 1
  else console.log('The manifests agree with Kubernetes, the registry and the services.')
}

/**
 * `npm run manifests` writes the services' manifests from the registry and
 * settings.ts. With `--check` it writes nothing, and checks without a cluster
 * that they are up to date and that everything in k8s/ agrees.
 */
if (import.meta.main && process.argv.includes('--check')) await check()
else if (import.meta.main) {
  const generated = writtenFiles(projectRoot)
  for (const [name, text] of generated) {
    const path = join(projectRoot, 'k8s', name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
    console.log(`Wrote k8s/${name}`)
  }
  for (const name of surplusFiles(projectRoot, generated)) {
    rmSync(join(projectRoot, 'k8s', name))
    console.log(`Removed k8s/${name}, because ISSUER_URL names another issuer`)
  }
}
