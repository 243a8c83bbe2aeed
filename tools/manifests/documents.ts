import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { IDeployment, IStatefulSet } from 'kubernetes-models/apps/v1'
import type { IIngress, INetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1'
import type { ICronJob, IJob } from 'kubernetes-models/batch/v1'
import type { IConfigMap, ISecret, IService } from 'kubernetes-models/v1'
import { isNode, LineCounter, parseAllDocuments } from 'yaml'
import type { HTTPRoute } from './gateway-api.ts'

export type Path = readonly (string | number)[]

interface Header {
  readonly apiVersion?: string
  readonly kind?: string
  readonly metadata?: {
    readonly name?: string
    readonly namespace?: string
    readonly annotations?: object
  }
}

/** One document of a YAML file, with the way back to its lines. */
export interface Manifest<Value = unknown> {
  readonly file: string
  readonly header: Header
  readonly kind: string
  readonly name: string
  readonly value: Value
  /** `file:line` of the deepest part of the path that exists. */
  readonly at: (path?: Path) => string
}

interface Parsed {
  readonly text: string
  readonly manifests: readonly Manifest[]
  readonly problems: readonly string[]
}

const parse = (file: string, text: string): Parsed => {
  const problems: string[] = []
  const lineCounter = new LineCounter()
  const lineAt = (offset: number) => `${file}:${lineCounter.linePos(offset).line}`
  const documents = parseAllDocuments(text, { lineCounter })
  const manifests = [...documents].flatMap((document): Manifest[] => {
    for (const { pos, message } of document.errors) {
      problems.push(`${lineAt(pos[0])} ${message.split('\n')[0]}`)
    }
    if (document.contents === null || document.errors.length > 0) return []
    const at = (path: Path = []): string => {
      const node = document.getIn(path, true)
      if (isNode(node) && node.range) return lineAt(node.range[0])
      return path.length > 0 ? at(path.slice(0, -1)) : file
    }
    const value: unknown = document.toJS()
    const header = (value ?? {}) as Header
    const { kind = '', metadata } = header
    return [{ file, header, kind, name: metadata?.name ?? '', value, at }]
  })
  return { text, manifests, problems }
}

/** Each check reads all files again, but few have changed since, and to parse them is most of the work. */
const lastParsed = new Map<string, Parsed>()

const readFile = (folder: string, fileName: string, problems: string[]) => {
  const file = `k8s/${fileName}`
  const text = readFileSync(join(folder, fileName), 'utf8')
  const last = lastParsed.get(file)
  const parsed = last?.text === text ? last : parse(file, text)
  lastParsed.set(file, parsed)
  problems.push(...parsed.problems)
  return parsed.manifests
}

/** Every document of the folder and of the folders in it, and what kept others from being read. */
export const readManifests = (folder: string) => {
  const problems: string[] = []
  const manifests = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.ya?ml$/.test(name))
    .sort()
    .flatMap((name) => readFile(folder, name, problems))
  return { manifests, problems }
}

interface Models {
  ConfigMap: IConfigMap
  CronJob: ICronJob
  Deployment: IDeployment
  HTTPRoute: HTTPRoute
  Ingress: IIngress
  Job: IJob
  NetworkPolicy: INetworkPolicy
  Secret: ISecret
  Service: IService
  StatefulSet: IStatefulSet
}

/** The manifests by kind and name, once their models are checked, and what is wrong with them. */
export const createCatalog = (manifests: readonly Manifest[]) => {
  const problems: string[] = []
  const all = <Kind extends keyof Models>(kind: Kind) =>
    manifests.filter((each) => each.kind === kind) as Manifest<Models[Kind]>[]
  const find = <Kind extends keyof Models>(kind: Kind, name = '') => {
    const found = all(kind).find((each) => each.name === name)
    if (!found) problems.push(`k8s: there is no ${kind} ${name}`)
    return found
  }
  const check = (isRight: boolean, manifest: Manifest, path: Path, message: string) => {
    if (!isRight) problems.push(`${manifest.at(path)} ${message}`)
  }
  return { manifests, problems, all, find, check }
}

export type Catalog = ReturnType<typeof createCatalog>
