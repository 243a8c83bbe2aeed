/** What pages that are served as they lie here have in common. */

export const asAttribute = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;')

/**
 * A browser cannot find a package by its name. It could by an import map, but that is a script
 * inside the page, which the policy forbids.
 */
export const withAddresses = (packages: Readonly<Record<string, string>>, code: string): string =>
  code.replaceAll(/\bfrom\s*(["'])([a-z/]+)\1/g, (whole, _quote, name: string) => {
    const address = packages[name]
    return address === undefined ? whole : `from '${address}'`
  })
