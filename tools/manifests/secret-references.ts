import type { IPodSpec } from 'kubernetes-models/v1'
import { makeSecrets } from '../../src/cluster/secrets.ts'
import type { Catalog, Manifest, Path } from './documents.ts'

/**
 * No Secret is in the repository, so what the manifests read of them is compared with what
 * src/cluster/secrets.ts makes; and nothing that opens a door stands in the manifests themselves.
 */
interface Reference {
  readonly manifest: Manifest
  readonly path: Path
  readonly name: string
  readonly key: string
}

interface Template {
  readonly template?: { readonly spec?: IPodSpec }
}

const podOf = (manifest: Manifest): IPodSpec | undefined => {
  const { spec } = manifest.value as {
    readonly spec?: Template & { jobTemplate?: { spec: Template } }
  }
  return (spec?.jobTemplate?.spec ?? spec)?.template?.spec
}

const ofContainers = (manifest: Manifest, pod: IPodSpec): Reference[] =>
  (['containers', 'initContainers'] as const).flatMap((kind) =>
    (pod[kind] ?? []).flatMap(({ env = [] }, container) =>
      env.flatMap(({ valueFrom }, index) => {
        const { name = '', key = '' } = valueFrom?.secretKeyRef ?? {}
        const path = ['spec', 'template', 'spec', kind, container, 'env', index]
        return name ? [{ manifest, path, name, key }] : []
      }),
    ),
  )

const ofVolumes = (manifest: Manifest, pod: IPodSpec): Reference[] =>
  (pod.volumes ?? []).flatMap(({ secret, projected }, volume) => {
    const sources = [
      { name: secret?.secretName, items: secret?.items },
      ...(projected?.sources ?? []).map((source) => ({ ...source.secret })),
    ]
    const path = ['spec', 'template', 'spec', 'volumes', volume]
    return sources.flatMap(({ name = '', items = [] }) =>
      items.map(({ key }) => ({ manifest, path, name, key })),
    )
  })

const checkReferences = (catalog: Catalog) => {
  const references = catalog.manifests.flatMap((manifest) => {
    const pod = podOf(manifest)
    return pod ? [...ofContainers(manifest, pod), ...ofVolumes(manifest, pod)] : []
  })
  const isRead = (name: string, key: string) =>
    references.some((each) => each.name === name && each.key === key)
  const made = new Map(makeSecrets().map(({ name, values }) => [name, values]))
  for (const { manifest, path, name, key } of references) {
    const isMade = made.get(name)?.[key] !== undefined
    catalog.check(isMade, manifest, path, `nobody makes ${key} of the Secret ${name}`)
  }
  // A value that nobody reads was renamed on one side only.
  for (const [name, values] of made) {
    for (const key of Object.keys(values)) {
      if (!isRead(name, key))
        catalog.problems.push(`k8s: nobody reads ${key} of the Secret ${name}`)
    }
  }
}

/** Private keys as text, and passwords in addresses that are not taken from a variable. */
const secretText = /PRIVATE KEY-----|MC4CAQAwBQYDK2Vw|:\/\/[^\s/@:$]+:[^\s/@$]+@/
const secretName = /(PASSWORD|SERVICE_KEY|SECRET|TOKEN)$/

const textsOf = (value: unknown, path: Path = []): { text: string; path: Path }[] => {
  if (typeof value === 'string') return [{ text: value, path }]
  if (value === null || typeof value !== 'object') return []
  const entries = Array.isArray(value) ? [...value.entries()] : Object.entries(value)
  return entries.flatMap(([key, part]) => textsOf(part, [...path, key]))
}

const checkNothingSecretIsHere = (catalog: Catalog) => {
  const { manifests, check } = catalog
  for (const manifest of manifests) {
    check(manifest.kind !== 'Secret', manifest, ['kind'], 'no Secret belongs into the repository')
    for (const { text, path } of textsOf(manifest.value)) {
      check(!secretText.test(text), manifest, path, 'this looks like a key or a password')
    }
    const { containers = [], initContainers = [] } = podOf(manifest) ?? {}
    for (const { env = [] } of [...containers, ...initContainers]) {
      for (const { name, value } of env) {
        const isFromElsewhere = value === undefined || !secretName.test(name)
        check(isFromElsewhere, manifest, ['spec'], `${name} must come from a Secret`)
      }
    }
  }
}

export const checkSecrets = (catalog: Catalog) => {
  checkReferences(catalog)
  checkNothingSecretIsHere(catalog)
}
