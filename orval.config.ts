import { defineConfig } from 'orval'
import { registry, serviceNames } from './src/registry.ts'

/**
 * How the typed clients in `src/clients/generated` are made from `openapi/`:
 * one for every service that another one calls. The gateway does not count, it
 * passes requests through without knowing what is in them.
 */
const calledServices = new Set(
  serviceNames.filter((name) => name !== 'gateway').flatMap((name) => registry[name].upstreams),
)

const clientOf = (service: string) => ({
  input: { target: `./openapi/${service}.yaml` },
  output: {
    target: `./src/clients/generated/${service}.ts`,
    client: 'fetch' as const,
    mode: 'single' as const,
    // Without this, a `/` in a path parameter would change which address is called.
    urlEncodeParameters: true,
    override: {
      enumGenerationType: 'union' as const,
      fetch: { serializeResponseHeaders: true },
      header: () => [
        `Generated from openapi/${service}.yaml by \`npm run contracts:emit\`. Do not edit.`,
      ],
      mutator: {
        path: './src/clients/describe-call.ts',
        name: 'describeCall',
        extension: '.ts',
        // The generated functions return what `describeCall` returns: a call that still needs a transport.
        inferred: true,
      },
    },
  },
})

export default defineConfig(
  Object.fromEntries([...calledServices].map((service) => [service, clientOf(service)])),
)
