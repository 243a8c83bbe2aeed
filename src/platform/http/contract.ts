import { OpenAPIHono, type RouteConfig } from '@hono/zod-openapi'
import type { ServiceName } from '../../registry.ts'
import { examplesIn } from './problem-examples.ts'

/** What a service promises: the source of `openapi/<service>.yaml`. */
export interface ServiceContract {
  readonly service: ServiceName
  readonly title: string
  readonly description: string
  readonly version: string
  readonly routes: readonly RouteConfig[]
}

interface RouteDescription {
  readonly parameters?: readonly { readonly name?: string; readonly $ref?: string }[]
}

/** Whether a route takes an Idempotency-Key: then each request without one does the work once more. */
export const takesKey = (route: RouteDescription): boolean =>
  route.parameters?.some(({ name }) => name?.toLowerCase() === 'idempotency-key') ?? false

/** Makes the OpenAPI 3.1 document of a contract from its routes, without handlers or a database. */
export const contractDocument = (contract: ServiceContract) => {
  const app = new OpenAPIHono()
  for (const route of contract.routes) app.openAPIRegistry.registerPath(route)
  const document = app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: contract.title,
      description: contract.description,
      version: contract.version,
      license: { name: 'MIT', url: 'https://opensource.org/license/mit' },
    },
    servers: [{ url: '/', description: 'The address this document was loaded from' }],
    tags: [{ name: contract.service, description: contract.description }],
  })
  const components = { ...document.components, examples: examplesIn(document) }
  return { ...document, components }
}
