import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  collection,
  collectionText,
  complaintAbout,
  requestsIn,
  runCollection,
  type Item,
} from '../lab/newman.ts'
import { loadOperations } from '../lab/operations.ts'
import { startSystem, type System } from '../lab/system.ts'

const requests = requestsIn(collection)
const [scenario] = collection.item as [Item]

const titleOf = ({ name }: Item) => `\n  ${name}\n`

describe('the Postman collection as a file', () => {
  it('uses http://arch.homework until another address is given', () => {
    expect(collection.variable).toEqual([
      { key: 'baseUrl', value: 'http://arch.homework', type: 'string' },
    ])
    const sent = requests.map((each) => JSON.stringify(each.request))
    for (const request of sent) expect(request).toContain('"raw":"{{baseUrl}}/')
  })

  it('asks by every public route of the contracts', () => {
    const asked = requests.map(({ request }) => {
      const [path = ''] = request!.url.raw.replace('{{baseUrl}}', '').split('?')
      return `${request!.method} ${path.replaceAll(/{{\w+}}/g, '*')}`
    })
    const promised = loadOperations()
      .filter(({ isInternal }) => !isInternal)
      .map(({ method, template }) => `${method} ${template.replaceAll(/{\w+}/g, '*')}`)
    expect(promised.filter((route) => !asked.includes(route))).toEqual([])
  })

  it('waits for nothing but the letters to managers, and never skips a request', () => {
    const waiting = requests
      .filter((each) => /setTimeout|setNextRequest|delay/.test(JSON.stringify(each)))
      .map(({ name }) => name)
    expect(waiting).toEqual([
      'The letter to the manager',
      'The letter to the business person',
      'The letter of the cancellation to the manager',
    ])
    expect(collectionText).not.toContain('skipRequest')
  })

  it('checks the body of every answer, not only the code', () => {
    for (const { name, event = [] } of requests) {
      const script = event.flatMap(({ script: { exec } }) => exec).join('\n')
      expect(script, name).toMatch(/pm\.response\.(json|text)\(\)/)
      expect(script, name).toContain('pm.expect(')
    }
  })
})

describe('the Postman collection against the whole system', () => {
  let system: System
  beforeAll(async () => {
    system = await startSystem()
  }, 60_000)
  afterAll(() => system?.stop())

  const run = (...args: string[]) =>
    runCollection('--env-var', `baseUrl=${system.urls.gateway}`, ...args)

  const expectPass = async (count: number, ...args: string[]) => {
    const ran = await run(...args)
    expect(complaintAbout(ran, count)).toBeUndefined()
    return ran.output
  }

  it('passes as a whole', { timeout: 120_000 }, async () => {
    await expectPass(requests.length)
  })

  it(
    'passes again and again, and prints each request and each response, of GETs as well',
    { timeout: 120_000 },
    async () => {
      const twice = ['--iteration-count', '2']
      const output = await expectPass(
        2 * requestsIn(scenario).length,
        '--folder',
        scenario.name,
        ...twice,
      )
      const asked = requestsIn(scenario)
      const parts = asked.map((item, index) => {
        const from = output.indexOf(titleOf(item))
        const next = asked[index + 1]
        const to = next ? output.indexOf(titleOf(next)) : output.length
        expect(from, item.name).toBeGreaterThan(-1)
        expect(to, item.name).toBeGreaterThan(from)
        return { item, text: output.slice(from, to) }
      })
      for (const { item, text } of parts) {
        expect(text).toContain(`→ ${item.request?.method} ${system.urls.gateway}/`)
        expect(text).toMatch(/← \d{3} .+ ms\n/)
        expect(text).toMatch(/X-Request-Id: \S+\n {4}\{\n {6}"/)
      }
      const deposit = parts.find(({ item }) => item.name.startsWith('Deposit'))!
      expect(deposit.text).toContain('"amount": 100000')
      const balance = parts.find(({ item }) => item.name.startsWith('The balance went down'))!
      expect(balance.text).toContain('"balance": 70000')
    },
  )
})

describe('the Postman collection against another system', () => {
  /** Nothing there depends on how many requests are sent. */
  const runScenario = (baseUrl: string) =>
    runCollection('--env-var', `baseUrl=${baseUrl}`, '--folder', scenario.name)

  it('fails when the answers are wrong, though their codes are right', async () => {
    const server = createServer((request, response) => {
      response.writeHead(request.method === 'POST' ? 201 : 200, {
        'content-type': 'application/json',
        'x-request-id': 'made-up',
      })
      response.end('{"items":[]}')
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const { code, output } = await runScenario(`http://127.0.0.1:${port}`)
    server.close()
    server.closeAllConnections()
    expect(code).toBe(1)
    expect(output).toContain('✗ the user is the one that was sent')
    expect(output).toMatch(/\d+ failed/)
  }, 60_000)

  it('says what to do when no server answers', async () => {
    const { code, output } = await runScenario('http://127.0.0.1:1')
    expect(code).toBe(1)
    expect(output).toContain('Not one request was answered. Start the system with `npm start`')
  }, 60_000)

  it('names an option that it does not know, and those that it knows', async () => {
    const { code, output } = await runCollection('--environmental')
    expect(code).toBe(2)
    expect(output).toContain("Unknown option '--environmental'")
    expect(output).toContain('--env-var baseUrl=')
  })
})
