import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { complaintAboutIssuer } from './issuer-check.ts'

const discovery = '/realms/shop/.well-known/openid-configuration'
let issuer: string
/** What it says about itself. */
let description: object

const server = createServer(({ url }, response) => {
  response.writeHead(url === discovery ? 200 : 404, { 'content-type': 'application/json' })
  response.end(JSON.stringify(description))
})

beforeAll(async () => {
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}/realms/shop`
})
afterAll(() => {
  server.close()
  server.closeAllConnections()
})

describe('another issuer', () => {
  it('that calls itself as we do is all right', async () => {
    description = { issuer }
    expect(await complaintAboutIssuer(issuer, {})).toBeUndefined()
  })

  it('that calls itself by another name is told with both names', async () => {
    description = { issuer: `${issuer}/` }
    expect(await complaintAboutIssuer(issuer, {})).toBe(
      `the issuer at ${issuer} calls itself ${issuer}/: set ISSUER_URL to exactly that`,
    )
  })

  it('that does not know the address is told with what it answers', async () => {
    expect(await complaintAboutIssuer(`${issuer}/other`, {})).toMatch(
      /^the issuer cannot be reached \(http\S+\/other\/\S+: it answers 404\); until it can/,
    )
  })
})
