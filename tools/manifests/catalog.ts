import type { IDeployment } from 'kubernetes-models/apps/v1/Deployment'
import type { IStatefulSet } from 'kubernetes-models/apps/v1/StatefulSet'
import type { IHorizontalPodAutoscaler } from 'kubernetes-models/autoscaling/v2/HorizontalPodAutoscaler'
import type { IIngress } from 'kubernetes-models/networking.k8s.io/v1/Ingress'
import type { INetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1/NetworkPolicy'
import type { IPodDisruptionBudget } from 'kubernetes-models/policy/v1/PodDisruptionBudget'
import type { IConfigMap } from 'kubernetes-models/v1/ConfigMap'
import type { IContainer } from 'kubernetes-models/v1/Container'
import type { ISecret } from 'kubernetes-models/v1/Secret'
import type { IService } from 'kubernetes-models/v1/Service'
import type { Manifest, Path } from './documents.ts'
import type { HTTPRoute } from './gateway-api.ts'

export type Container = IContainer
export type Labels = Readonly<Record<string, string>>

interface Models {
  Deployment: IDeployment
  StatefulSet: IStatefulSet
  HorizontalPodAutoscaler: IHorizontalPodAutoscaler
  Ingress: IIngress
  HTTPRoute: HTTPRoute
  NetworkPolicy: INetworkPolicy
  PodDisruptionBudget: IPodDisruptionBudget
  ConfigMap: IConfigMap
  Secret: ISecret
  Service: IService
}

/** A manifest whose value has passed the check against its model. */
export interface Typed<Model> extends Manifest {
  readonly value: Model
}

/** The manifests by kind and name, and the list of what is wrong with them. */
export const createCatalog = (manifests: readonly Manifest[]) => {
  const problems: string[] = []

  const all = <Kind extends keyof Models>(kind: Kind) =>
    manifests.filter((each) => each.kind === kind) as Typed<Models[Kind]>[]

  const find = <Kind extends keyof Models>(kind: Kind, name: string) =>
    all(kind).find((each) => each.name === name)

  const complain = (manifest: Manifest, path: Path, message: string) => {
    problems.push(`${manifest.at(path)} ${message}`)
  }

  return {
    manifests,
    problems,
    all,
    find,
    complain,
    /** Complains when there is none. */
    need: <Kind extends keyof Models>(kind: Kind, name: string) => {
      const found = find(kind, name)
      if (!found) problems.push(`k8s: there is no ${kind} ${name}`)
      return found
    },
    check: (isRight: boolean, manifest: Manifest, path: Path, message: string) => {
      if (!isRight) complain(manifest, path, message)
    },
  }
}

export type Catalog = ReturnType<typeof createCatalog>

export const selects = (selector: Labels | undefined, labels: Labels | undefined): boolean => {
  const entries = Object.entries(selector ?? {})
  return entries.length > 0 && entries.every(([key, value]) => labels?.[key] === value)
}

/** An image's name without the digest that may pin it. */
export const tagOf = (image = ''): string => image.split('@')[0] ?? ''

export const podSpecPath: Path = ['spec', 'template', 'spec']

export const containerPath = (list: 'containers' | 'initContainers', index: number): Path => [
  ...podSpecPath,
  list,
  index,
]
