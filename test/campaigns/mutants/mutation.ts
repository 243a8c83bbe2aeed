/** One text that stands in one file exactly once, and what is written there instead. */
export interface Edit {
  readonly file: string
  readonly search: string
  readonly replace: string
}

/** A small bug of the kind that a tired person writes, and the tests that should notice it first. */
export interface Mutation {
  readonly name: string
  readonly edits: readonly Edit[]
  /** Test files, the quickest first; asked before all others. */
  readonly tests: readonly string[]
}
