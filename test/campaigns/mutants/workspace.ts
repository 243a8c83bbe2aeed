import {
  cpSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { projectFolder } from '../../../src/local/postgres/data-folder.ts'
import type { Edit } from './mutation.ts'

/**
 * A copy of the project in which bugs are planted. It uses the installed packages of the project,
 * and never changes the working tree, even if this process is killed.
 */
export interface Workspace {
  readonly root: string
  /** Plants the edits. Throws when a text is not in its file exactly once. */
  readonly plant: (edits: readonly Edit[]) => void
  /** Undoes the edits. */
  readonly restore: () => void
  readonly remove: () => void
}

const leftOut = new Set(['node_modules', '.git', '.data', 'docs'])

export const openWorkspace = (): Workspace => {
  const root = mkdtempSync(path.join(tmpdir(), 'orderly-mutants-'))
  for (const name of readdirSync(projectFolder)) {
    if (leftOut.has(name)) continue
    cpSync(path.join(projectFolder, name), path.join(root, name), { recursive: true })
  }
  symlinkSync(path.join(projectFolder, 'node_modules'), path.join(root, 'node_modules'), 'junction')
  const originals = new Map<string, string>()

  const restore = () => {
    for (const [file, text] of originals) writeFileSync(file, text)
    originals.clear()
  }
  return {
    root,
    restore,
    plant: (edits) => {
      for (const [file, search, replacement] of edits) {
        const full = path.join(root, file)
        const text = readFileSync(full, 'utf8')
        const found = text.split(search).length - 1
        if (found !== 1) {
          restore()
          throw new Error(
            `${file} has this ${found} times, so nothing can be planted there:\n${search}`,
          )
        }
        if (!originals.has(full)) originals.set(full, text)
        writeFileSync(
          full,
          text.replace(search, () => replacement),
        )
      }
    },
    remove: () => rmSync(root, { recursive: true, force: true }),
  }
}
