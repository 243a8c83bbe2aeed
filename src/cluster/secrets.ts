import { randomBytes } from 'node:crypto'
import { makeServiceKeys } from '../platform/base/service-keys.ts'
import { callersOf, registry, serviceNames, type ServiceName } from '../registry.ts'

/**
 * The Secrets that the manifests in k8s/ read. Each service has one, with all that is its own, so
 * that whoever creates it first decides the whole of it: when two make Secrets at the same moment,
 * a private key never meets the public key of the other.
 */
export interface Secret {
  readonly name: string
  /** The label by which the cluster knows whose it is. */
  readonly owner: string
  readonly values: Readonly<Record<string, string>>
}

export const secretNameOf = (service: ServiceName) => `${service}-secrets`

export const postgresSecretName = 'postgres-secrets'

/** Passwords become part of a URL: the letters of base64url need no escape there. */
const makePassword = () => randomBytes(24).toString('base64url')

/** The role that works on the tables is named here, so that it can be changed without an outage. */
const makeDatabaseValues = (service: ServiceName) => ({
  'owner-password': makePassword(),
  role: `${service}_service`,
  password: makePassword(),
})

/** The public half is beside the private one; those that it calls are given the public one only. */
const makeKeyValues = () => {
  const { privateKey, publicKey } = makeServiceKeys()
  return { 'service-key': privateKey, 'public-keys': publicKey }
}

/** Whether it calls services that want to know who calls. */
export const hasServiceKey = (service: ServiceName) =>
  serviceNames.some((name) => callersOf(name).includes(service))

/** All of them, with new values at each call. */
export const makeSecrets = (): readonly Secret[] => {
  const ofServices = serviceNames.map((service) => ({
    name: secretNameOf(service),
    owner: service,
    values: {
      ...(registry[service].hasDatabase ? makeDatabaseValues(service) : {}),
      ...(hasServiceKey(service) ? makeKeyValues() : {}),
    },
  }))
  const ofPostgres = {
    name: postgresSecretName,
    owner: 'postgres',
    values: { 'administrator-password': makePassword() },
  }
  return [...ofServices, ofPostgres].filter(({ values }) => Object.keys(values).length > 0)
}

/** As an object of Kubernetes. `stringData` would be told as changed at every apply. */
export const secretManifest = ({ name, owner, values }: Secret, namespace: string) => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: {
    name,
    namespace,
    labels: { 'app.kubernetes.io/name': owner, 'app.kubernetes.io/part-of': 'orderly' },
  },
  type: 'Opaque',
  data: Object.fromEntries(
    Object.entries(values).map(([key, value]) => [key, Buffer.from(value).toString('base64')]),
  ),
})
