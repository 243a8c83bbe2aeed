/** A text that is in the file exactly once, and the text that replaces it. */
export type Edit = readonly [file: string, search: string, replacement: string]

/** A small mistake such as a tired person makes, and the tests that should fail first. */
export interface Mutation {
  readonly name: string
  /** Test files, the quickest first. They run before all others. */
  readonly tests: readonly string[]
  readonly edits: readonly Edit[]
}

export const bug = (
  name: string,
  tests: readonly string[],
  ...edits: readonly Edit[]
): Mutation => ({
  name,
  tests,
  edits,
})
