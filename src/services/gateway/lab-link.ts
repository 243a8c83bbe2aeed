/**
 * The lab runs beside the gateway of a laptop, and nowhere else. Pages lead to it only when the
 * launcher says where it is.
 */
const labParts = /[^\S\n]*<!-- lab -->[^]*?<!-- end of lab -->\n?/g
const labMarks = /[^\S\n]*<!-- (?:end of )?lab -->\n?/g

export const asAttribute = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;')

/** Leaves out what a page says of the lab when there is none. */
export const pageWithLab = (labUrl: string | undefined, html: string): string =>
  labUrl === undefined
    ? html.replaceAll(labParts, '')
    : html.replaceAll(labMarks, '').replaceAll('{{lab}}', asAttribute(labUrl))
