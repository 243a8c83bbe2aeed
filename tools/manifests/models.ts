import { join } from 'node:path'
import ts from 'typescript'
import { isAlias, isMap, isScalar, isSeq, type Node } from 'yaml'
import { projectRoot } from '../run-tool.ts'
import type { Manifest } from './documents.ts'

/**
 * Checks manifests against the typed models of Kubernetes. Each document is
 * written out as an object literal of its model's type, and the compiler says
 * what is wrong, missing or unknown; the models' own validation, which lets
 * unknown fields pass, adds what types cannot say: whole numbers and formats.
 */
const gatewayApi = 'gateway.networking.k8s.io/v1'

const modelOf = ({ apiVersion, kind }: Manifest) =>
  apiVersion === gatewayApi
    ? { module: './tools/manifests/gateway-api.ts', type: kind }
    : { module: `kubernetes-models/${apiVersion}/${kind}`, type: `I${kind}` }

interface Literal {
  readonly lines: string[]
  /** For each line of the literal, the line of the YAML file that it came from. */
  readonly origins: number[]
}

const writeLiteral = (node: Node, manifest: Manifest, { lines, origins }: Literal) => {
  const put = (text: string, from: Node | null) => {
    lines.push(text)
    origins.push(from?.range ? manifest.lineOfOffset(from.range[0]) : (origins.at(-1) ?? 1))
  }
  const write = (value: Node | null, prefix: string, from: Node | null) => {
    if (isMap<Node, Node | null>(value)) {
      put(`${prefix}{`, from)
      for (const { key, value: item } of value.items) {
        write(item, `${JSON.stringify(isScalar(key) ? String(key.value) : '?')}: `, key)
      }
      put('},', null)
    } else if (isSeq<Node>(value)) {
      put(`${prefix}[`, from)
      for (const item of value.items) write(item, '', item)
      put('],', null)
    } else if (isAlias(value)) {
      throw new Error(`${manifest.file}: aliases are not read by this check; write it out`)
    } else put(`${prefix}${JSON.stringify(isScalar(value) ? value.value : null)},`, from)
  }
  write(node, '', node)
}

const options: ts.CompilerOptions = {
  strict: true,
  noEmit: true,
  skipLibCheck: true,
  allowImportingTsExtensions: true,
  target: ts.ScriptTarget.ES2024,
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  types: [],
}

/** The compiler spells out the type of the whole literal, which the reader has before his eyes. */
const readable = (message: string) =>
  message
    .replaceAll(/'"|"'/g, "'")
    .replaceAll(/ in type '\{.*?\}' but/g, ', but')
    .replaceAll(/\s+/g, ' ')
    .slice(0, 400)

/** A program of one file that exists only in memory, as if it stood in the project's root. */
const diagnose = (text: string) => {
  const file = join(projectRoot, 'manifests-as-literals.ts')
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.ES2024)
  const disk = ts.createCompilerHost(options)
  const host: ts.CompilerHost = {
    ...disk,
    getSourceFile: (name, ...rest) => (name === file ? source : disk.getSourceFile(name, ...rest)),
    fileExists: (name) => name === file || disk.fileExists(name),
    readFile: (name) => (name === file ? text : disk.readFile(name)),
  }
  const program = ts.createProgram([file], options, host)
  const given = program.getSourceFile(file)
  const found = [
    ...program.getSyntacticDiagnostics(given),
    ...program.getSemanticDiagnostics(given),
  ]
  return found.map(({ start = 0, messageText }) => ({
    line: source.getLineAndCharacterOfPosition(start).line,
    message: readable(ts.flattenDiagnosticMessageText(messageText, ' ')),
  }))
}

const typeProblems = (manifests: readonly Manifest[]): string[] => {
  const lines: string[] = []
  const origins: string[] = []
  for (const [index, manifest] of manifests.entries()) {
    if (manifest.contents === null) continue
    const { module, type } = modelOf(manifest)
    const literal: Literal = { lines: [], origins: [] }
    writeLiteral(manifest.contents, manifest, literal)
    const [first, ...others] = literal.lines
    const last = others.pop()?.replace(/,$/, '')
    lines.push(`import type { ${type} as Model${index} } from '${module}'`)
    lines.push(`export const document${index}: Model${index} = ${first}`, ...others, last ?? '')
    origins.push(...[1, ...literal.origins].map((line) => `${manifest.file}:${line}`))
  }
  return diagnose(lines.join('\n')).map(({ line, message }) => `${origins[line]} ${message}`)
}

interface ModelInstance {
  validate(): void
}
type ModelClass = new (data: unknown) => ModelInstance

interface ValidationError extends Error {
  readonly errors?: readonly { readonly instancePath: string; readonly message?: string }[]
}

const formatProblems = async (manifest: Manifest): Promise<string[]> => {
  const { apiVersion, kind, value, at } = manifest
  if (apiVersion === gatewayApi) return []
  let models: Record<string, ModelClass>
  try {
    const { module } = modelOf(manifest)
    models = (await import(module)) as typeof models
  } catch {
    return [`${at()} Kubernetes has no ${kind || 'kind'} in ${apiVersion || 'no apiVersion'}`]
  }
  const Model = models[kind]
  if (!Model) return [`${at()} ${apiVersion} has no ${kind}`]
  try {
    new Model(value).validate()
    return []
  } catch (error) {
    const { message, errors } = error as ValidationError
    if (!errors?.length) return [`${at()} ${message}`]
    return errors.map((one) => {
      const path = one.instancePath.split('/').slice(1)
      const keys = path.map((key) => (/^\d+$/.test(key) ? Number(key) : key))
      return `${at(keys)} ${path.join('.')}: ${one.message ?? message}`
    })
  }
}

export const modelProblems = async (manifests: readonly Manifest[]): Promise<string[]> => {
  const types = typeProblems(manifests)
  const told = new Set(types.map((problem) => problem.split(' ')[0]))
  const formats = await Promise.all(manifests.map(formatProblems))
  return [...types, ...formats.flat().filter((problem) => !told.has(problem.split(' ')[0]))]
}
