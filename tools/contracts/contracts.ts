import { cp, mkdir, mkdtemp, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { contractDocument, type ServiceContract } from '../../src/platform/http/contract.ts'
import { registry, type ServiceName } from '../../src/registry.ts'
import { firstDifference } from '../first-difference.ts'
import { contractFolder, projectRoot, runTool } from '../run-tool.ts'

const contractOf = async (service: ServiceName): Promise<ServiceContract> => {
  const file = `src/services/${service}/contract.ts`
  const { contract } = (await import(join(projectRoot, file))) as { contract?: ServiceContract }
  if (contract === undefined) throw new Error(`${file} exports no contract`)
  return contract
}

/** Of all services, and of what the gateway answers itself. */
export const serviceContracts: readonly ServiceContract[] = await Promise.all(
  [...registry.gateway.upstreams, 'gateway' as const].map(contractOf),
)

export const generatedClientFolder = 'src/clients/generated'

const operationKeys = [
  'operationId',
  'summary',
  'description',
  'tags',
  'x-access',
  'x-callers',
  'x-internal',
  'security',
  'parameters',
  'requestBody',
  'responses',
]

type Json = null | boolean | number | string | Json[] | { [name: string]: Json }

const isObject = (value: Json | undefined): value is { [name: string]: Json } =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const inOrder = (value: { [name: string]: Json }, first: readonly string[]) => {
  const rank = (key: string) => (first.includes(key) ? first.indexOf(key) : first.length)
  return Object.fromEntries(
    Object.entries(value).toSorted(([one], [other]) => rank(one) - rank(other)),
  )
}

const sortedByName = (value: { [name: string]: Json }) =>
  Object.fromEntries(
    Object.entries(value).toSorted(([one], [other]) => (one < other ? -1 : one > other ? 1 : 0)),
  )

/** Returns the document with its parts in a fixed order, so that a diff shows only real changes. */
const arranged = (document: Json): Json => {
  if (!isObject(document)) throw new Error('a contract is an object')
  const { paths, components } = document
  const arrangedPaths = isObject(paths)
    ? Object.entries(paths).map(([path, item]) => [
        path,
        isObject(item)
          ? Object.fromEntries(
              Object.entries(item).map(([method, operation]) => [
                method,
                isObject(operation) ? inOrder(operation, operationKeys) : operation,
              ]),
            )
          : item,
      ])
    : []
  const arrangedComponents = isObject(components)
    ? Object.entries(sortedByName(components))
        .map(([kind, named]) => [kind, isObject(named) ? sortedByName(named) : named] as const)
        .filter(([, named]) => isObject(named) && Object.keys(named).length > 0)
    : []
  return {
    ...inOrder(document, ['openapi', 'info', 'servers', 'tags']),
    paths: Object.fromEntries(arrangedPaths),
    components: Object.fromEntries(arrangedComponents),
  }
}

const documentOf = (contract: ServiceContract): Json =>
  arranged(JSON.parse(JSON.stringify(contractDocument(contract))) as Json)

/** Makes the text of `openapi/<service>.yaml` from the code alone. */
export const contractText = (contract: ServiceContract): string => {
  const yaml = stringify(documentOf(contract), { lineWidth: 0, aliasDuplicateObjects: false })
  return `# The contract of the ${contract.service} service, emitted from src/services/${contract.service}/contract.ts
# by \`npm run contracts:emit\`. Do not edit: change the code, emit again.
${yaml}`
}

/**
 * The same as `openapi/<service>.json`, which is for the gateway: to read all contracts as YAML
 * takes it longer than the rest of its start.
 */
const contractJson = (contract: ServiceContract): string =>
  `${JSON.stringify(documentOf(contract))}\n`

/** Writes the contracts of the code into a project folder. */
export const writeContracts = async (root: string) => {
  await mkdir(join(root, contractFolder), { recursive: true })
  for (const contract of serviceContracts) {
    const file = join(root, contractFolder, contract.service)
    await writeFile(`${file}.yaml`, contractText(contract))
    await writeFile(`${file}.json`, contractJson(contract))
  }
}

/** Generates the typed clients in a project folder from its `openapi/`. */
export const generateClients = async (root: string) => {
  await rm(join(root, generatedClientFolder), { recursive: true, force: true })
  const tools = [
    { program: 'orval', args: ['--config', 'orval.config.ts'] },
    { program: 'oxfmt', args: [generatedClientFolder] },
  ]
  for (const { program, args } of tools) {
    const { exitCode, output } = await runTool(program, args, { cwd: root, timeoutMs: 60_000 })
    if (exitCode !== 0) throw new Error(`${program} could not generate the clients:\n${output}`)
  }
}

const textFiles = async (folder: string): Promise<Map<string, string>> => {
  const names = await readdir(folder).catch(() => [])
  const texts = names.map(
    async (name) => [name, await readFile(join(folder, name), 'utf8')] as const,
  )
  return new Map(await Promise.all(texts))
}

const compareFolders = async (folder: string, emittedRoot: string, root: string) => {
  const emitted = await textFiles(join(emittedRoot, folder))
  const committed = await textFiles(join(root, folder))
  const differences: string[] = []
  for (const [name, expected] of emitted) {
    const found = committed.get(name)
    if (found === undefined) differences.push(`${folder}/${name} is missing`)
    else if (found !== expected) {
      differences.push(`${folder}/${name} differs, ${firstDifference(expected, found)}`)
    }
  }
  for (const name of committed.keys()) {
    if (!emitted.has(name)) differences.push(`${folder}/${name} belongs to no service`)
  }
  return differences
}

const generatorInputs = [
  'package.json',
  '.oxfmtrc.json',
  'orval.config.ts',
  'src/registry.ts',
  'src/clients/describe-call.ts',
]

/** A folder of its own with all that the code would write. */
export const emitAside = async () => {
  const root = await mkdtemp(join(tmpdir(), 'contracts-'))
  const remove = () => rm(root, { recursive: true, force: true })
  try {
    for (const path of generatorInputs) await cp(join(projectRoot, path), join(root, path))
    await symlink(join(projectRoot, 'node_modules'), join(root, 'node_modules'), 'junction')
    await writeContracts(root)
    await generateClients(root)
    return { root, remove }
  } catch (error) {
    await remove()
    throw error
  }
}

/** Returns where the files of a project folder differ from what the code would write. */
export const contractDifferences = async (emittedRoot: string, root: string): Promise<string[]> => [
  ...(await compareFolders(contractFolder, emittedRoot, root)),
  ...(await compareFolders(generatedClientFolder, emittedRoot, root)),
]
