import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { whenFileEnds } from './cleanup.ts'

/** An address of a forger's, with keys to be fetched. Nobody may ever ask there. */
export const startLure = async (keys: readonly object[] = []) => {
  let asked = 0
  const server = createServer((_request, response) => {
    asked += 1
    response.end(JSON.stringify({ keys }))
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const close = () => {
    server.close()
    server.closeAllConnections()
  }
  whenFileEnds(close)
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}`, asked: () => asked, close }
}
