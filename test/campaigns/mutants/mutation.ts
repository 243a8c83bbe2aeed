/** A text that is in the file exactly once, and the text that replaces it. */
export interface Edit {
  readonly file: string
  readonly search: string
  readonly replace: string
}

/** A small mistake such as a tired person makes, and the tests that should fail first. */
export interface Mutation {
  readonly name: string
  readonly edits: readonly Edit[]
  /** Test files, the quickest first. They run before all others. */
  readonly tests: readonly string[]
}
