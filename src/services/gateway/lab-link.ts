import { asAttribute } from '../../platform/base/page-text.ts'

/**
 * The lab runs beside the gateway of a laptop, and nowhere else. Pages lead to it only when the
 * launcher says where it is.
 */
const labParts = /[^\S\n]*<!-- lab -->[^]*?<!-- end of lab -->\n?/g
const labMarks = /[^\S\n]*<!-- (?:end of )?lab -->\n?/g

/** Leaves out what a page says of the lab when there is none. */
export const pageWithLab = (labUrl: string | undefined, html: string): string =>
  labUrl === undefined
    ? html.replaceAll(labParts, '')
    : html.replaceAll(labMarks, '').replaceAll('{{lab}}', asAttribute(labUrl))
