import { connect, createServer, type Socket } from 'node:net'

export interface RoundRobin {
  close(): Promise<void>
}

/**
 * Shares connections out among replicas in turn, as a service of Kubernetes
 * does; a replica that does not listen is passed over. It knows nothing of
 * HTTP, so it hides nothing of what a replica does to its connections.
 */
export const startRoundRobin = async (port: number, targets: number[]): Promise<RoundRobin> => {
  const sockets = new Set<Socket>()
  let turn = 0

  const keep = (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    // Resets are passed on by what is piped; an unheard error event would end the test process.
    socket.on('error', () => {})
  }

  const pass = (client: Socket, first: number, attempt = 0) => {
    if (attempt === targets.length) return client.resetAndDestroy()
    const target = targets[(first + attempt) % targets.length] as number
    const upstream = connect({ host: '127.0.0.1', port: target, allowHalfOpen: true })
    keep(upstream)
    let isConnected = false
    upstream.once('connect', () => {
      isConnected = true
      client.pipe(upstream)
      upstream.pipe(client)
    })
    upstream.once('close', (hadError) => {
      if (!isConnected) pass(client, first, attempt + 1)
      else if (hadError) client.resetAndDestroy()
      else client.destroySoon()
    })
    client.once('close', (hadError) => {
      if (hadError) upstream.resetAndDestroy()
      else upstream.destroySoon()
    })
    return undefined
  }

  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    keep(client)
    pass(client, turn)
    turn += 1
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  }
}
