import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isNode, LineCounter, parseAllDocuments, type Node } from 'yaml'

export type Path = readonly (string | number)[]

/** One document of a YAML file, with the way back to its lines. */
export interface Manifest {
  readonly file: string
  readonly apiVersion: string
  readonly kind: string
  readonly name: string
  readonly namespace: string | undefined
  readonly value: unknown
  readonly contents: Node | null
  readonly lineOfOffset: (offset: number) => number
  /** `file:line` of the deepest part of the path that exists. */
  readonly at: (path?: Path) => string
}

export interface ManifestFolder {
  readonly manifests: readonly Manifest[]
  /** What kept a file from being read. */
  readonly problems: readonly string[]
}

interface Header {
  readonly apiVersion?: string
  readonly kind?: string
  readonly metadata?: { readonly name?: string; readonly namespace?: string }
}

const readFile = (folder: string, name: string): ManifestFolder => {
  const file = `k8s/${name}`
  const counter = new LineCounter()
  const documents = parseAllDocuments(readFileSync(join(folder, name), 'utf8'), {
    lineCounter: counter,
  })
  const lineOfOffset = (offset: number) => counter.linePos(offset).line
  const problems: string[] = []
  const manifests: Manifest[] = []
  for (const document of Array.isArray(documents) ? documents : []) {
    for (const { pos, message } of document.errors) {
      problems.push(`${file}:${lineOfOffset(pos[0])} ${message.split('\n')[0]}`)
    }
    if (document.contents === null || document.errors.length > 0) continue
    const at = (path: Path = []): string => {
      const node = document.getIn(path, true)
      if (isNode(node) && node.range) return `${file}:${lineOfOffset(node.range[0])}`
      return path.length > 0 ? at(path.slice(0, -1)) : file
    }
    const value: unknown = document.toJS()
    const { apiVersion = '', kind = '', metadata = {} } = (value ?? {}) as Header
    const { name: objectName = '', namespace } = metadata
    manifests.push({
      file,
      apiVersion,
      kind,
      name: objectName,
      namespace,
      value,
      contents: document.contents,
      lineOfOffset,
      at,
    })
  }
  return { manifests, problems }
}

/** Every document of the folder and of the folders in it, in the order of the files' names. */
export const readManifests = (folder: string): ManifestFolder => {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.ya?ml$/.test(name))
    .sort()
  const files = names.map((name) => readFile(folder, name))
  return {
    manifests: files.flatMap(({ manifests }) => manifests),
    problems: files.flatMap(({ problems }) => problems),
  }
}
