import { join } from 'node:path'
import ts from 'typescript'
import { projectRoot } from '../run-tool.ts'
import type { Manifest, Path } from './documents.ts'

/**
 * Checks manifests against the typed models of Kubernetes. Each document is
 * written out as an object literal of its model's type, and the compiler says
 * what is wrong, missing or unknown; the models' own validation, which lets
 * unknown fields pass, adds what types cannot say: whole numbers and formats.
 */
/** Where the models of what Kubernetes itself does not know are written down. */
const ownModels: Readonly<Record<string, string>> = {
  'gateway.networking.k8s.io/v1': './tools/manifests/gateway-api.ts',
  'monitoring.coreos.com/v1': './tools/manifests/prometheus-operator.ts',
}

const ownModelsOf = ({ header }: Manifest) => ownModels[header.apiVersion ?? '']

const modelOf = (manifest: Manifest) => {
  const { header, kind } = manifest
  const own = ownModelsOf(manifest)
  return own === undefined
    ? { module: `kubernetes-models/${header.apiVersion}/${kind}`, type: `I${kind}` }
    : { module: own, type: kind }
}

const options: ts.CompilerOptions = {
  strict: true,
  noEmit: true,
  skipLibCheck: true,
  allowImportingTsExtensions: true,
  module: ts.ModuleKind.NodeNext,
  types: [],
}

/** The compiler spells out the type of the whole literal, which the reader has before his eyes. */
const readable = (message: string) =>
  message
    .replaceAll(/'"|"'/g, "'")
    .replaceAll(/ in type '\{.*?\}' but/g, ', but')
    .replaceAll(/\s+/g, ' ')
    .slice(0, 400)

/** The keys that lead through a literal to what stands at a position of the text. */
const pathTo = (node: ts.Node, position: number): Path => {
  const inner = ts.forEachChild(node, (child) =>
    child.pos <= position && position < child.end ? child : undefined,
  )
  if (!inner) return []
  const rest = pathTo(inner, position)
  if (ts.isPropertyAssignment(inner)) return [(inner.name as ts.StringLiteral).text, ...rest]
  if (ts.isArrayLiteralExpression(node)) return [node.elements.indexOf(inner as never), ...rest]
  return rest
}

/** A program of one file that exists only in memory, as if it stood in the project's root. */
const typeProblems = (manifests: readonly Manifest[]): string[] => {
  const text = manifests
    .map((manifest, index) => {
      const { module, type } = modelOf(manifest)
      return `export const document${index}: import('${module}').${type} = ${JSON.stringify(manifest.value)}`
    })
    .join('\n')
  const file = join(projectRoot, 'manifests-as-literals.ts')
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.ES2024)
  const disk = ts.createCompilerHost(options)
  const program = ts.createProgram([file], options, {
    ...disk,
    getSourceFile: (name, ...rest) => (name === file ? source : disk.getSourceFile(name, ...rest)),
    fileExists: (name) => name === file || disk.fileExists(name),
    readFile: (name) => (name === file ? text : disk.readFile(name)),
  })
  return program.getSemanticDiagnostics(source).map(({ start = 0, messageText }) => {
    const { line } = source.getLineAndCharacterOfPosition(start)
    const message = readable(ts.flattenDiagnosticMessageText(messageText, ' '))
    return `${manifests[line]?.at(pathTo(source, start))} ${message}`
  })
}

type Models = Readonly<Record<string, new (data: unknown) => { validate(): void }>>

interface ValidationError extends Error {
  readonly errors?: readonly { readonly instancePath: string; readonly message?: string }[]
}

const formatProblems = async (manifest: Manifest): Promise<string[]> => {
  const { header, kind, value, at } = manifest
  if (ownModelsOf(manifest) !== undefined) return []
  const models = (await import(modelOf(manifest).module).catch(() => ({}))) as Models
  const Model = models[kind]
  if (!Model) return [`${at()} Kubernetes has no ${kind} in ${header.apiVersion}`]
  try {
    new Model(value).validate()
    return []
  } catch (error) {
    const { errors } = error as ValidationError
    if (!errors) throw error
    return errors.map((one) => {
      const path = one.instancePath.split('/').slice(1)
      const keys = path.map((key) => (/^\d+$/.test(key) ? Number(key) : key))
      return `${at(keys)} ${path.join('.')}: ${one.message}`
    })
  }
}

export const modelProblems = async (manifests: readonly Manifest[]): Promise<string[]> => {
  const types = typeProblems(manifests)
  const told = new Set(types.map((problem) => problem.split(' ')[0]))
  const formats = await Promise.all(manifests.map(formatProblems))
  return [...types, ...formats.flat().filter((problem) => !told.has(problem.split(' ')[0]))]
}
