import { registerHooks } from 'node:module'

const drizzleFolder = '/node_modules/drizzle-orm/'

/**
 * drizzle-orm is a hundred small files with a package.json of 180 KB. Node reads and
 * parses that again for each file, only to learn that it is an ES module. To tell
 * Node so saves each process 0.2 s of start-up and 130 MB of memory
 * (measured with Node 24.21 and drizzle-orm 0.45.4).
 */
export const shortenDrizzleLoading = (): void => {
  registerHooks({
    resolve: (specifier, context, nextResolve) => {
      const { parentURL } = context
      if (!specifier.startsWith('.') || !parentURL?.includes(drizzleFolder)) {
        return nextResolve(specifier, context)
      }
      return { url: new URL(specifier, parentURL).href, format: 'module', shortCircuit: true }
    },
  })
}
