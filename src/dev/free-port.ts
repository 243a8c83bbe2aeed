import { createServer } from 'node:net'

/**
 * Ports that are handed out stay below 32768, where Linux begins to give ports
 * to outgoing connections: one of those could take the port while a killed
 * process is being started again.
 */
const lowest = 20_000
const highest = 32_767

/** Tries to listen. Resolves with the system's error code, or undefined when the port is free. */
export const whyPortIsTaken = (port: number, host = '127.0.0.1'): Promise<string | undefined> =>
  new Promise((resolve) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(undefined)))
  })

const handedOut = new Set<number>()

/** A free port; never the same twice from one process. */
export const freePort = async (host = '127.0.0.1'): Promise<number> => {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    const port = lowest + Math.floor(Math.random() * (highest - lowest + 1))
    if (handedOut.has(port)) continue
    if ((await whyPortIsTaken(port, host)) !== undefined) continue
    handedOut.add(port)
    return port
  }
  throw new Error(`no free port between ${lowest} and ${highest}`)
}
