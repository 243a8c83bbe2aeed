import { describe, expect, it } from 'vitest'
import { createEventReader } from './live.js'

const stream = [
  ': heartbeat\n\n',
  'event: order\ndata: {"status":"PENDING"}\n\n',
  'event: end\r\ndata: {"why":"settled"}\r\n\r\n',
].join('')

const events = [
  { name: 'order', data: '{"status":"PENDING"}' },
  { name: 'end', data: '{"why":"settled"}' },
]

describe('a stream of events', () => {
  it('is read the same, wherever it is cut', () => {
    for (let first = 0; first <= stream.length; first += 1) {
      const read = createEventReader()
      const told = [...read(stream.slice(0, first)), ...read(stream.slice(first))]
      expect(told, `cut at ${first}`).toEqual(events)
    }
  })

  it('tells nothing of what has not ended', () => {
    expect(createEventReader()('event: order\ndata: {}\n')).toEqual([])
  })
})
