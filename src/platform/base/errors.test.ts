import { describe, expect, it } from 'vitest'
import { problemDocument, problemTable, type ProblemCode } from './errors.ts'

const codes = Object.keys(problemTable) as ProblemCode[]

describe('the table of problems', () => {
  it.each(codes)(
    'gives %s a status of an error, a title, and a document after RFC 9457',
    (code) => {
      const { status, title } = problemTable[code]
      expect(status).toBeGreaterThanOrEqual(400)
      expect(status).toBeLessThan(600)
      expect(title.length).toBeGreaterThan(5)
      expect(problemDocument(code, 'Do this.', 'r-1')).toEqual({
        type: `urn:orderly:problem:${code}`,
        title,
        status,
        detail: 'Do this.',
        code,
        requestId: 'r-1',
      })
    },
  )

  it('has another title for each code', () => {
    expect(new Set(codes.map((code) => problemTable[code].title)).size).toBe(codes.length)
  })
})

describe('a problem document', () => {
  it('carries the wrong fields and the members that belong to it', () => {
    const errors = [{ field: 'price', message: 'must be at least 1' }]
    const members = { order: { id: 'o' } }
    const document = problemDocument('validation-failed', 'd', 'r-1', { errors, members })
    expect(document).toMatchObject({ errors, order: { id: 'o' } })
  })

  it('keeps the request id of the request that was refused first', () => {
    const document = problemDocument('insufficient-funds', 'd', 'r-2', { requestId: 'r-1' })
    expect(document.requestId).toBe('r-1')
  })
})
