import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Ajv, type ErrorObject } from 'ajv'
import addFormats from 'ajv-formats'
import { runTool } from '../run-tool.ts'

/**
 * Checks the contracts of the study. Redocly reads OpenAPI and AsyncAPI and follows every
 * reference. It does not check the examples of messages, so they are checked against their schemas
 * here.
 */
export interface DocumentCheck {
  readonly file: string
  /** Empty when the document is valid. */
  readonly complaints: readonly string[]
  /** How many examples of messages were checked against their schemas. */
  readonly examples: number
}

interface LintReport {
  readonly problems: readonly {
    readonly ruleId: string
    readonly message: string
    readonly location: readonly { readonly pointer?: string }[]
  }[]
}

interface Message {
  readonly payload?: object
  readonly examples?: readonly { readonly name?: string; readonly payload?: unknown }[]
}

interface AsyncDocument {
  readonly asyncapi?: string
  readonly channels?: Readonly<Record<string, { messages?: Readonly<Record<string, Message>> }>>
}

const redocly = (folder: string, ...args: string[]) =>
  runTool('redocly', [...args, '--config', 'redocly.yaml'], { cwd: folder, timeoutMs: 60_000 })

const lint = async (folder: string, file: string): Promise<string[]> => {
  const { stdout, output, exitCode } = await redocly(folder, 'lint', file, '--format', 'json')
  try {
    const { problems } = JSON.parse(stdout) as LintReport
    return problems.map(
      ({ ruleId, message, location }) => `${ruleId} at ${location[0]?.pointer ?? '?'}: ${message}`,
    )
  } catch {
    return [`redocly ended with ${exitCode}: ${output.trim()}`]
  }
}

const describe = ({ instancePath, message }: ErrorObject) => `${instancePath || '/'} ${message}`

const checkMessage = (name: string, { payload, examples = [] }: Message) => {
  if (payload === undefined) return [`${name} has no payload schema`]
  if (examples.length === 0) return [`${name} has no example`]
  const ajv = new Ajv({ allErrors: true, strict: true })
  addFormats.default(ajv)
  const validate = ajv.compile(payload)
  return examples.flatMap((example) => {
    if (validate(example.payload)) return []
    const errors = (validate.errors ?? []).map(describe).join('; ')
    return [`the example ${example.name ?? ''} of ${name} does not fit: ${errors}`]
  })
}

const checkMessages = async (folder: string, file: string) => {
  const bundled = await redocly(folder, 'bundle', file, '--dereferenced', '--ext', 'json')
  const { channels = {} } = JSON.parse(bundled.stdout) as AsyncDocument
  const messages = Object.values(channels).flatMap(({ messages: of = {} }) => Object.entries(of))
  return {
    complaints: messages.flatMap(([name, message]) => checkMessage(name, message)),
    examples: messages.reduce((sum, [, { examples = [] }]) => sum + examples.length, 0),
  }
}

export const checkDocument = async (folder: string, file: string): Promise<DocumentCheck> => {
  const complaints = await lint(folder, file)
  if (complaints.length > 0 || !file.endsWith('.asyncapi.yaml')) {
    return { file, complaints, examples: 0 }
  }
  return { file, ...(await checkMessages(folder, file)) }
}

export const documentFiles = async (folder: string): Promise<readonly string[]> =>
  (await readdir(folder)).filter((name) => /\.(openapi|asyncapi)\.yaml$/.test(name)).sort()

/** Returns the events that a document names. */
export const messageNames = async (folder: string, file: string): Promise<readonly string[]> => {
  const bundled = await redocly(folder, 'bundle', join(folder, file), '--ext', 'json')
  const document = JSON.parse(bundled.stdout) as {
    components?: { messages?: object }
    webhooks?: Readonly<Record<string, unknown>>
  }
  const hooks = Object.keys(document.webhooks ?? {})
  const fromHooks = hooks.map((name) => name.charAt(0).toUpperCase() + name.slice(1))
  return [...Object.keys(document.components?.messages ?? {}), ...fromHooks].sort()
}
