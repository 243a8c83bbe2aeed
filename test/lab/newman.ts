import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** The Postman collection, and what `npm run newman` does with it. */

const root = fileURLToPath(new URL('../..', import.meta.url))
export const collectionText = readFileSync(
  new URL('../../postman/orderly.postman_collection.json', import.meta.url),
  'utf8',
)

export interface Item {
  readonly name: string
  readonly item?: readonly Item[]
  readonly request?: { readonly method: string; readonly url: { readonly raw: string } }
  readonly event?: readonly { readonly script: { readonly exec: readonly string[] } }[]
}

export const collection = JSON.parse(collectionText) as Item & {
  readonly item: readonly Item[]
  readonly variable: readonly { readonly key: string; readonly value: string }[]
}

export const requestsIn = (item: Item): Item[] =>
  item.item ? item.item.flatMap(requestsIn) : [item]

/** Runs what `npm run newman -- …` runs, without npm. */
export const runCollection = (...args: string[]): Promise<{ code: number; output: string }> =>
  new Promise((resolve) => {
    const command = ['--disable-warning=DEP0176', 'tools/newman.ts', ...args]
    const options = { cwd: root, maxBuffer: 64 * 1024 * 1024, timeout: 90_000 }
    execFile(process.execPath, command, options, (error, stdout, stderr) => {
      const code = error ? Number((error as { code?: unknown }).code ?? -1) : 0
      resolve({ code, output: stdout + stderr })
    })
  })

/** Each of three asks again until there is a letter, which takes a moment. */
const mostRepeats = 3 * 20

/** What is wrong with a run of so many requests; undefined if nothing is. */
export const complaintAbout = (
  { code, output }: { readonly code: number; readonly output: string },
  count: number,
): string | undefined => {
  // More than these, if letters to managers were asked for again.
  const sent = Number(/(\d+) requests/.exec(output)?.[1])
  const isPassed = code === 0 && !output.includes('✗') && output.includes('none failed')
  return isPassed && sent >= count && sent < count + mostRepeats ? undefined : output
}
