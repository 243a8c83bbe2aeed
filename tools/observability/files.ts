import type { Board } from './panels.ts'

/** Where a board stands in the project. */
export const boardFileOf = ({ uid }: Board) => `observability/boards/${uid}.json`
