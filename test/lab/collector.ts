import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { whenFileEnds } from './cleanup.ts'

/** A collector of traces that receives real OTLP, as JSON over HTTP. */
export interface CollectedSpan {
  readonly service: string
  /** The process that told it. */
  readonly instance: string
  readonly traceId: string
  readonly spanId: string
  readonly parentId: string | undefined
  readonly name: string
  readonly kind: number
  readonly startMs: number
  readonly endMs: number
  readonly attributes: Readonly<Record<string, unknown>>
  readonly linkedTo: readonly string[]
  readonly events: readonly string[]
  readonly hasFailed: boolean
}

interface Attribute {
  readonly key: string
  readonly value: Readonly<Record<string, unknown>>
}

interface OtlpSpan {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly name: string
  readonly kind: number
  readonly startTimeUnixNano: string
  readonly endTimeUnixNano: string
  readonly attributes?: readonly Attribute[]
  readonly links?: readonly { readonly spanId: string }[]
  readonly events?: readonly { readonly name: string }[]
  readonly status?: { readonly code?: number }
}

interface OtlpRequest {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly Attribute[] }
    readonly scopeSpans: readonly { readonly spans: readonly OtlpSpan[] }[]
  }[]
}

const valuesOf = (attributes: readonly Attribute[] = []): Readonly<Record<string, unknown>> =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]))

const spansIn = ({ resourceSpans }: OtlpRequest): CollectedSpan[] =>
  resourceSpans.flatMap(({ resource, scopeSpans }) => {
    const about = valuesOf(resource.attributes)
    return scopeSpans.flatMap(({ spans }) =>
      spans.map((span) => ({
        service: String(about['service.name']),
        instance: String(about['service.instance.id']),
        traceId: span.traceId,
        spanId: span.spanId,
        parentId: span.parentSpanId || undefined,
        name: span.name,
        kind: span.kind,
        startMs: Number(span.startTimeUnixNano) / 1e6,
        endMs: Number(span.endTimeUnixNano) / 1e6,
        attributes: valuesOf(span.attributes),
        linkedTo: (span.links ?? []).map(({ spanId }) => spanId),
        events: (span.events ?? []).map(({ name }) => name),
        hasFailed: span.status?.code === 2,
      })),
    )
  })

const readAll = async (request: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}

/** How it treats what it gets: as it should, with no answer ever, or with an answer that is wrong. */
export type Manners = 'takes' | 'hangs' | 'fails'

export const startCollector = async () => {
  const spans: CollectedSpan[] = []
  let manners: Manners = 'takes'
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const text = await readAll(request)
    if (manners === 'hangs') return
    if (manners === 'fails') {
      response.writeHead(400, { 'content-type': 'text/html' }).end('<p>What is this?</p>')
      return
    }
    spans.push(...spansIn(JSON.parse(text) as OtlpRequest))
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
  }
  const server = createServer((request, response) => void answer(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const close = () => {
    server.closeAllConnections()
    server.close()
  }
  whenFileEnds(close)
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans: spans as readonly CollectedSpan[],
    inTrace: (traceId: string) => spans.filter((span) => span.traceId === traceId),
    behave: (next: Manners) => {
      manners = next
    },
    close,
  }
}

export type Collector = Awaited<ReturnType<typeof startCollector>>
