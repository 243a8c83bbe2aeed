import { readFileSync, readdirSync } from 'node:fs'
import { asAttribute, withAddresses } from '../../platform/base/page-text.ts'

/**
 * The files of the page. It borrows modules of the console by their path in this project, and what
 * both need of npm by addresses, because a browser cannot find a package by its name.
 */
export interface PageFile {
  readonly type: string
  readonly text: () => string
}

const source = new URL('../../', import.meta.url)
const ownFolder = 'local/lab/pages/'
const gatewayFolder = 'services/gateway/pages/'
const consoleFolder = `${gatewayFolder}console/`

const packages: Readonly<Record<string, string>> = {
  preact: '/lib/preact.js',
  'preact/hooks': '/lib/hooks.js',
  htm: '/lib/htm.js',
}

const types: Readonly<Record<string, string>> = {
  js: 'text/javascript; charset=utf-8',
  mjs: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
  html: 'text/html; charset=utf-8',
}

const fileAt = (url: URL, fill: (text: string) => string = (text) => text): PageFile => {
  const ending = url.pathname.split('.').at(-1) ?? ''
  return {
    type: types[ending] ?? 'application/octet-stream',
    // Read each time: whoever works on the page sees what they changed.
    text: () => fill(readFileSync(url, 'utf8')),
  }
}

const scriptOrStyle = (url: URL) =>
  /\.m?js$/.test(url.pathname) ? fileAt(url, (code) => withAddresses(packages, code)) : fileAt(url)

const isServed = (name: string) => /\.(?:js|css|svg)$/.test(name)

const filesIn = (folder: string, address: string) =>
  readdirSync(new URL(folder, source))
    .filter(isServed)
    .map(
      (name) => [`${address}${name}`, scriptOrStyle(new URL(`${folder}${name}`, source))] as const,
    )

/** Every file by its address. */
export const pageFiles = (gateway: string): ReadonlyMap<string, PageFile> =>
  new Map([
    [
      '/',
      fileAt(new URL(`${ownFolder}index.html`, source), (html) =>
        html.replaceAll('{{gateway}}', asAttribute(gateway)),
      ),
    ],
    ...filesIn(ownFolder, '/'),
    ...filesIn(consoleFolder, `/${consoleFolder}`),
    ...['colours.css', 'favicon.svg'].map(
      (name) =>
        [
          `/${gatewayFolder}${name}`,
          scriptOrStyle(new URL(`${gatewayFolder}${name}`, source)),
        ] as const,
    ),
    ...Object.entries(packages).map(
      ([name, address]) => [address, scriptOrStyle(new URL(import.meta.resolve(name)))] as const,
    ),
  ])
