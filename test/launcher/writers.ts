import { randomUUID } from 'node:crypto'
import { Agent, request } from 'node:http'

export interface Sent {
  readonly id: string
  /** A status, or why there is no answer. */
  readonly told: number | string
}

export interface Write {
  readonly body: unknown
  readonly who: Readonly<Record<string, string>>
  readonly agent: Agent | false
}

/** Sends one write with an id of its own: the service that accepted it has logged the id. */
export const write = (url: string, { body, who, agent }: Write): Promise<Sent> =>
  new Promise((resolve) => {
    const id = randomUUID()
    const type = { 'content-type': 'application/json' }
    const headers = { ...type, ...who, 'idempotency-key': id, 'x-request-id': id }
    const outgoing = request(url, { method: 'POST', agent, headers }, (answer) => {
      answer.resume()
      answer.once('end', () => resolve({ id, told: answer.statusCode as number }))
      answer.once('error', (error) => resolve({ id, told: error.message }))
    })
    outgoing.once('error', (error: NodeJS.ErrnoException) =>
      resolve({ id, told: error.code ?? error.message }),
    )
    outgoing.end(JSON.stringify(body))
  })

/** Each writes until the door is closed. Returns all that was sent, as it is sent, and the end. */
export const writeUntilRefused = (
  url: string,
  body: unknown,
  who: Write['who'],
  writers: number,
) => {
  const sent: Sent[] = []
  const agent = new Agent({ keepAlive: true })
  let isRefused = false
  const work = async (number: number) => {
    // Some keep their connection, as browsers and services do, and some open a new one each time.
    const by = number % 2 === 0 ? agent : false
    while (!isRefused) {
      const one = await write(url, { body, who, agent: by })
      sent.push(one)
      if (one.told === 'ECONNREFUSED') isRefused = true
    }
  }
  const all = Array.from({ length: writers }, (_, number) => work(number))
  const ended = Promise.all(all).finally(() => agent.destroy())
  return { sent, ended }
}
