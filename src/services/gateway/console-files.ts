import { readdirSync } from 'node:fs'
import { asAttribute, withAddresses } from '../../platform/base/page-text.ts'
import type { Issuer } from './issuer.ts'

/**
 * The files of the console. They are plain modules that the browser loads as they are: no build
 * step, and no TypeScript, because the gateway would have to keep the compiler that strips types in
 * its memory. Their types are in comments, and `npm run types` checks them.
 */
export interface ConsoleFile {
  readonly path: string
  readonly url: URL
  readonly isPage: boolean
  readonly fill?: (text: string) => string
}

const folder = new URL('./pages/console/', import.meta.url)
const home = '/console'

/** The packages that the browser loads, too, and the address of each. */
const packages: Readonly<Record<string, string>> = {
  preact: `${home}/lib/preact.js`,
  'preact/hooks': `${home}/lib/hooks.js`,
  htm: `${home}/lib/htm.js`,
}

const forBrowsers = (code: string) => withAddresses(packages, code)

/** With our own issuer the page signs in at the origin that it came from. */
const withIssuer = ({ url, isOwn, rolesClaim }: Issuer, html: string): string =>
  html
    .replaceAll('{{issuer}}', asAttribute(isOwn ? '' : url))
    .replaceAll('{{roles-claim}}', asAttribute(rolesClaim))

const isServed = (name: string) => /\.(?:js|css|svg)$/.test(name)

export const consoleFiles = (issuer: Issuer, labUrl?: string): ConsoleFile[] => {
  const page = {
    url: new URL('index.html', folder),
    isPage: true,
    fill: (html: string) =>
      withIssuer(issuer, html).replaceAll('{{lab}}', asAttribute(labUrl ?? '')),
  }
  return [
    { ...page, path: home },
    // The issuer sends browsers back to this one: it allows no other address of the console.
    { ...page, path: `${home}/` },
    ...readdirSync(folder)
      .filter(isServed)
      .map((name) => ({
        path: `${home}/${name}`,
        url: new URL(name, folder),
        isPage: false,
        ...(name.endsWith('.js') ? { fill: forBrowsers } : {}),
      })),
    ...Object.entries(packages).map(([name, path]) => ({
      path,
      url: new URL(import.meta.resolve(name)),
      isPage: false,
      fill: forBrowsers,
    })),
  ]
}
