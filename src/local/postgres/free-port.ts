import { createServer } from 'node:net'

/**
 * These ports stay below 32768, where Linux begins to give ports to outgoing connections: one of
 * those could take the port of a killed process before it is started again.
 */
const lowest = 20_000
const highest = 32_767

/** Tries to listen. Resolves with the error code of the system, or undefined when the port is free. */
export const whyPortIsTaken = (port: number, host = '127.0.0.1'): Promise<string | undefined> =>
  new Promise((resolve) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(undefined)))
  })

/**
 * Another program that chooses at random could choose the same port before we listen on it. So
 * each process uses only the ports of its share: that of its process id, if nobody gave it another.
 */
const shares = 32
const portsOfAShare = Math.floor((highest - lowest + 1) / shares)

const randomPort = () => {
  const share = Number(process.env['PORT_SHARE'] ?? process.pid) % shares
  return lowest + shares * Math.floor(Math.random() * portsOfAShare) + share
}

const handedOut = new Set<number>()

/** All ports may be handed out again. Only for who has closed what listened on them. */
export const forgetPorts = (): void => handedOut.clear()

/** A free port; never the same twice from one process. */
export const freePort = async (host = '127.0.0.1'): Promise<number> => {
  for (let attempt = 0; attempt < 400; attempt += 1) {
    const port = randomPort()
    if (handedOut.has(port)) continue
    if ((await whyPortIsTaken(port, host)) !== undefined) continue
    handedOut.add(port)
    return port
  }
  throw new Error(`no free port between ${lowest} and ${highest}`)
}
