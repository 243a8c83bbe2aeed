import type { Socket } from 'node:net'
import type { Piece } from './lane.ts'

/** Parse, Bind, Describe, Execute and Close: Postgres answers them after the Sync or Flush that follows. */
const needsSync = new Set(['P', 'B', 'D', 'E', 'C'])

/** Cuts what goes to Postgres into pieces. Each statement is one piece, from Parse or Bind to Sync. */
export const createStatementSplitter = () => {
  let rest: Buffer = Buffer.alloc(0)
  let isStart = true
  let parts: Buffer[] = []
  let hasBind = false
  return (chunk: Buffer): Piece[] => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    const pieces: Piece[] = []
    for (;;) {
      // Each message is a letter, a length, and its content. Only the first message has no letter.
      const lengthAt = isStart ? 0 : 1
      if (rest.length < lengthAt + 4) return pieces
      const end = lengthAt + rest.readInt32BE(lengthAt)
      if (rest.length < end) return pieces
      const letter = isStart ? '' : rest.toString('latin1', 0, 1)
      parts.push(rest.subarray(0, end))
      hasBind ||= letter === 'B'
      rest = rest.subarray(end)
      isStart = false
      if (needsSync.has(letter)) continue
      const bytes = Buffer.concat(parts)
      const statement = { bytes, start: 'a statement', headers: {}, body: '' }
      pieces.push({ bytes, messages: hasBind ? [statement] : [] })
      parts = []
      hasBind = false
    }
  }
}

/** Six bytes end every answer: the letter Z, the length 5, and the state of the transaction. */
const isEndOfAnswer = (chunk: Buffer) => chunk.at(-6) === 'Z'.charCodeAt(0) && chunk.at(-2) === 5

export const splitAnswers = (bytes: Buffer): Piece[] => {
  const answer = { bytes, start: 'with its result', headers: {}, body: '' }
  return [{ bytes, messages: isEndOfAnswer(bytes) ? [answer] : [] }]
}

const lateTimeoutMs = 5_000

/** Sends what was held to Postgres, and waits until Postgres has done it. */
export const deliverStatement = async (bytes: Buffer, postgres: Socket): Promise<string> => {
  if (postgres.destroyed) return 'the late statement never arrived: Postgres had gone'
  const done = new Promise<string>((resolve) => {
    postgres.on('data', (chunk) => {
      if (isEndOfAnswer(chunk)) resolve('the late statement ran at Postgres')
    })
    postgres.once('close', () => resolve('Postgres cut the late statement off'))
    setTimeout(() => resolve('the late statement got no answer'), lateTimeoutMs).unref()
  })
  postgres.write(bytes)
  const told = await done
  postgres.destroy()
  return told
}
