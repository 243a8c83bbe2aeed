/** @import { VNode } from 'preact' */
import htm from 'htm'
import { h } from 'preact'

/**
 * Its declarations are of a CommonJS module, and do not know what the browser imports.
 * @typedef {(strings: TemplateStringsArray, ...values: unknown[]) => VNode} Template
 */
const template = /** @type {{ bind: (make: typeof h) => Template }} */ (
  /** @type {unknown} */ (htm)
)

/** Makes elements out of a template. Nothing in it is ever read as markup of its own. */
export const html = template.bind(h)
