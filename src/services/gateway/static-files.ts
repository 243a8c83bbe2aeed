import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { ServiceName } from '../../registry.ts'
import { consoleFiles } from './console-files.ts'
import { publicDocument, type Contract } from './contracts.ts'
import { pageUnder, type Issuer } from './issuer.ts'
import { pageWithLab } from './lab-link.ts'

/**
 * The pages, the console, Swagger UI and the public contracts. Everything comes from this origin, and the
 * policy tells the browser so.
 */
interface Content {
  readonly body: Buffer
  readonly etag: string
  readonly zipped: Buffer
  /** The compressed bytes are other bytes, so they need a tag of their own. */
  readonly zippedEtag: string
}

interface StaticFile {
  readonly type: string
  readonly policy?: string
  readonly content: () => Promise<Content>
}

const compress = promisify(gzip)

const contentTypes: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  mjs: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
  json: 'application/json',
}

const policyOf = (directives: Readonly<Record<string, string>>) =>
  Object.entries({
    'default-src': "'none'",
    'script-src': "'self'",
    'style-src': "'self'",
    'img-src': "'self' data:",
    'connect-src': "'self'",
    'base-uri': "'none'",
    'form-action': "'none'",
    'frame-ancestors': "'none'",
    ...directives,
  })
    .map(([name, value]) => `${name} ${value}`)
    .join('; ')

const strictPolicy = policyOf({})
/** Pages that sign people in ask another issuer for its addresses and for tokens. */
const asking = (issuer: Issuer) => ({
  'connect-src': issuer.isOwn ? "'self'" : `'self' ${new URL(issuer.url).origin}`,
})
const consolePolicy = (issuer: Issuer) => policyOf(asking(issuer))
/** Swagger UI puts style attributes into its markup. Its scripts need no exception. */
const swaggerPolicy = (issuer: Issuer) =>
  policyOf({ 'style-src': "'self' 'unsafe-inline'", ...asking(issuer) })

const pagesFolder = new URL('./pages/', import.meta.url)
const swaggerFolder = new URL(
  './',
  pathToFileURL(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json')),
)

/** Reads and compresses a file once, when it is first asked for: most processes never need it. */
const once = (load: () => Promise<Buffer>) => {
  let loaded: Promise<Content> | undefined
  const prepare = async (): Promise<Content> => {
    const body = await load()
    const hash = createHash('sha256').update(body).digest('base64url').slice(0, 22)
    const zipped = await compress(body)
    return { body, etag: `"${hash}"`, zipped, zippedEtag: `"${hash}-gzip"` }
  }
  const forget = (error: unknown) => {
    loaded = undefined
    throw error
  }
  return () => {
    // The next request tries again after a failure: there may have been too few file handles.
    loaded ??= prepare().catch(forget)
    return loaded
  }
}

const fileOf = (url: URL, policy?: string, fill?: (text: string) => string): StaticFile => ({
  type: contentTypes[url.pathname.split('.').at(-1) ?? ''] ?? 'application/octet-stream',
  policy,
  content: once(async () => {
    const content = await readFile(url)
    return fill ? Buffer.from(fill(content.toString('utf8'))) : content
  }),
})

const documentOf = (contract: Contract): StaticFile => ({
  type: 'application/json',
  content: once(() => Promise.resolve(Buffer.from(JSON.stringify(publicDocument(contract))))),
})

const assets = ['colours.css', 'landing.css', 'landing.js', 'docs.css', 'docs.js', 'favicon.svg']
const swaggerFiles = [
  'swagger-ui.css',
  'swagger-ui-bundle.js',
  'swagger-ui-standalone-preset.js',
  'oauth2-redirect.js',
]
/** Where the sign-in page sends the browser back to. It gives what it was told to its opener. */
const redirectPage = 'oauth2-redirect.html'

const gatewayFirst = (one: ServiceName, other: ServiceName) =>
  Number(other === 'gateway') - Number(one === 'gateway')

/** What the pages say of each service: `{{name}}` in a page is the list of that name. */
const listsOf = (services: readonly ServiceName[]) => {
  const light = (name: ServiceName) =>
    `<li data-service="${name}"><b>${name}</b><span>checking …</span></li>`
  const link = (name: ServiceName) => `<a href="/openapi/${name}.json">${name}</a>`
  return new Map([
    ['contracts', services.join(' ')],
    ['lights', [...services].toSorted(gatewayFirst).map(light).join('\n')],
    ['links', services.map(link).join('\n')],
  ])
}

const filledWith = (lists: ReadonlyMap<string, string>, html: string) =>
  html.replaceAll(/\{\{(\w+)\}\}/g, (_, name: string) => {
    const list = lists.get(name)
    if (list === undefined) throw new Error(`there is no list of ${name}`)
    return list
  })

const allFiles = (
  contracts: readonly Contract[],
  issuer: Issuer,
  labUrl: string | undefined,
): ReadonlyMap<string, StaticFile> => {
  const lists = listsOf(contracts.map(({ service }) => service))
  const page = (name: string, policy: string) =>
    fileOf(new URL(name, pagesFolder), policy, (html) =>
      filledWith(lists, pageUnder(issuer, pageWithLab(labUrl, html))),
    )
  return new Map([
    ['/', page('landing.html', strictPolicy)],
    ['/docs', page('docs.html', swaggerPolicy(issuer))],
    ...assets.map((name) => [`/assets/${name}`, fileOf(new URL(name, pagesFolder))] as const),
    ...swaggerFiles.map((name) => [`/docs/${name}`, fileOf(new URL(name, swaggerFolder))] as const),
    [`/docs/${redirectPage}`, fileOf(new URL(redirectPage, swaggerFolder), strictPolicy)],
    ...consoleFiles(issuer, labUrl).map(
      ({ path, url, isPage, fill }) =>
        [path, fileOf(url, isPage ? consolePolicy(issuer) : undefined, fill)] as const,
    ),
    ...contracts.map((each) => [`/openapi/${each.service}.json`, documentOf(each)] as const),
  ])
}

const acceptsGzip = (request: IncomingMessage) =>
  /(^|,)\s*gzip\s*(,|$|;(?!\s*q=0(\.0+)?\s*(,|$)))/i.test(request.headers['accept-encoding'] ?? '')

const isUnchanged = (request: IncomingMessage, etag: string) =>
  request.headers['if-none-match']
    ?.split(/\s*,\s*/)
    .some((tag) => tag === '*' || tag.replace('W/', '') === etag)

const send = async (file: StaticFile, request: IncomingMessage, response: ServerResponse) => {
  const content = await file.content()
  const isZipped = acceptsGzip(request)
  const [sent, etag] = isZipped
    ? [content.zipped, content.zippedEtag]
    : [content.body, content.etag]
  const headers = {
    etag,
    // The browser asks every time and mostly gets 304, so that a new version shows at once.
    'cache-control': 'no-cache',
    'referrer-policy': 'no-referrer',
    ...(file.policy ? { 'content-security-policy': file.policy, 'x-frame-options': 'DENY' } : {}),
  }
  // Appended, because the rules for other origins may have set this header, too.
  response.appendHeader('vary', 'accept-encoding')
  if (isUnchanged(request, etag)) {
    response.writeHead(304, headers).end()
    return
  }
  response.writeHead(200, {
    ...headers,
    'content-type': file.type,
    'content-length': sent.length,
    ...(isZipped ? { 'content-encoding': 'gzip' } : {}),
  })
  response.end(sent)
}

export const createStaticFiles = (
  contracts: readonly Contract[],
  issuer: Issuer,
  labUrl?: string,
) => {
  const files = allFiles(contracts, issuer, labUrl)
  return {
    has: (path: string) => files.has(path),
    /** Call only for a path that is there. */
    send: async (path: string, request: IncomingMessage, response: ServerResponse) => {
      const file = files.get(path)
      if (!file) throw new Error(`there is no file at ${path}`)
      await send(file, request, response)
    },
  }
}
