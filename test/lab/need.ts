import { spawnSync } from 'node:child_process'

/** These tests run programs that npm does not bring. If one is missing, the command fails and names it. */
export const needTools = (...programs: readonly string[]) => {
  const missing = programs.filter((program) => spawnSync('which', [program]).status !== 0)
  if (missing.length > 0) throw new Error(`install these first: ${missing.join(', ')}`)
}
