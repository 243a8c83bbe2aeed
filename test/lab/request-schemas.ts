import type { ValidateFunction } from 'ajv/dist/2020.js'
import {
  createValidator,
  loadContracts,
  type ContractDocument,
  type SchemaObject,
} from '../judge/contract-check.ts'

/** Whether a contract allows a body or a parameter, by its schema alone. */
export const createRequestSchemas = (
  contracts: ReadonlyMap<string, ContractDocument> = loadContracts(),
) => {
  const ajv = createValidator()
  for (const [service, document] of contracts) ajv.addSchema(document, service)

  /** Changes references within the contract so that they work from outside it. */
  const compile = (service: string, schema: SchemaObject): ValidateFunction =>
    ajv.compile(
      JSON.parse(
        JSON.stringify(schema).replaceAll('"#/components', `"${service}#/components`),
      ) as SchemaObject,
    )

  const operationOf = (service: string, method: string, path: string) => {
    const operation = contracts.get(service)?.paths[path]?.[method.toLowerCase()]
    if (!operation) throw new Error(`${service} has no ${method} ${path}`)
    return operation
  }

  return {
    body: (service: string, method: string, path: string) => {
      const schema = operationOf(service, method, path).requestBody?.content['application/json']
      if (!schema) throw new Error(`${method} ${path} has no body`)
      return compile(service, schema.schema)
    },
    parameter: (service: string, method: string, path: string, name: string) => {
      const found = operationOf(service, method, path).parameters?.find(
        (each) => each.name === name,
      )
      if (!found) throw new Error(`${method} ${path} has no ${name}`)
      return compile(service, found.schema)
    },
  }
}
