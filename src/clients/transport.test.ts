import { describe, expect, it } from 'vitest'
import {
  UnknownOutcomeError,
  type TransportRequest,
  type TransportResponse,
} from '../platform/calls/client.ts'
import { createBillingClient } from './billing.ts'
import { createNotificationClient } from './notification.ts'

const json = { 'content-type': 'application/json' }

/** A transport that keeps what it was given and answers what it was told to. */
const recordingTransport = (answer: Partial<TransportResponse> = {}) => {
  const sent: TransportRequest[] = []
  const send = async (request: TransportRequest): Promise<TransportResponse> => {
    sent.push(request)
    return { status: 200, headers: json, body: '{}', ...answer }
  }
  return { send, sent }
}

const refunded = { withdrawal: 'saga:0', amount: 5 }
const withdrawal = { userId: 'u-1', key: 'k', withdrawal: { amount: 5 }, requestId: 'r-1' }

describe('a generated client', () => {
  it('sends nothing but what was asked for, with the key of the caller', async () => {
    const transport = recordingTransport()
    const { signal } = new AbortController()
    const headers = { 'x-request-id': 'r-7' }
    const options = { key: 'saga:1', headers, signal }
    await createBillingClient(transport).refund('u-1', refunded, options)
    expect(transport.sent).toEqual([
      {
        method: 'POST',
        path: '/billing/accounts/u-1/refund',
        headers: {
          'x-request-id': 'r-7',
          'Content-Type': 'application/json',
          'Idempotency-Key': 'saga:1',
        },
        body: '{"withdrawal":"saga:0","amount":5}',
        signal,
      },
    ])
  })

  it('cannot be led to another address by what is in a parameter', async () => {
    const transport = recordingTransport()
    const billing = createBillingClient(transport)
    await billing.refund('../accounts/x?y=#', refunded, { key: 'k' })
    expect(transport.sent[0]?.path).toBe('/billing/accounts/..%2Faccounts%2Fx%3Fy%3D%23/refund')
  })

  it('hands back refusals as answers, with their body and headers', async () => {
    const body = JSON.stringify({ code: 'balance-limit' })
    const headers = { 'content-type': 'application/problem+json', 'idempotency-replayed': 'true' }
    const billing = createBillingClient(recordingTransport({ status: 409, headers, body }))
    const answer = await billing.refund('u-1', refunded, { key: 'k' })
    expect(answer).toEqual({ status: 409, headers, data: { code: 'balance-limit' } })
  })

  it.each(['{}', 'null', '{"answers":[]}', '{"answers":[null]}', '{"answers":"a"}'])(
    'leaves a withdrawal unknown that was answered with %s',
    async (body) => {
      const billing = createBillingClient(recordingTransport({ body }))
      await expect(billing.withdraw(withdrawal)).rejects.toThrow(UnknownOutcomeError)
    },
  )

  it('leaves the outcome unknown when the answer cannot be read', async () => {
    const letter = {
      key: 'k',
      userId: 'u-1',
      email: 'masha@example.com',
      kind: 'DEPOSIT' as const,
      amount: 5,
    }
    const proxyPage = recordingTransport({ body: '<html>' })
    const sending = createNotificationClient(proxyPage).sendLetter({ letter, requestId: 'r-1' })
    await expect(sending).rejects.toThrow(UnknownOutcomeError)
    await expect(sending).rejects.toThrow('POST /notifications was answered 200 with a body that')
  })

  it.each([undefined, 'text/html', 'application/jsonp', 'text/plain; charset=utf-8'])(
    'leaves the outcome unknown when the answer comes as %s',
    async (type) => {
      const transport = recordingTransport({ headers: { 'content-type': type } })
      const opening = createBillingClient(transport).openAccount({
        userId: 'u-1',
        email: 'm@e.com',
      })
      await expect(opening).rejects.toThrow(UnknownOutcomeError)
    },
  )

  it('knows no service before a transport is given to it', async () => {
    const one = recordingTransport()
    const other = recordingTransport()
    const clients = [createBillingClient(one), createBillingClient(other)]
    await clients[1]?.refund('u-1', { withdrawal: 'k', amount: 5 }, { key: 'r' })
    expect([one.sent.length, other.sent.length]).toEqual([0, 1])
  })
})
