import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hiddenFault, isText } from './json-body.ts'

const values = fc.oneof(fc.string({ unit: 'binary' }), fc.maxSafeInteger(), fc.constant(null))
const flatObjects = fc.dictionary(fc.string({ unit: 'binary' }), values, { noNullPrototype: true })

describe('a JSON body', () => {
  it('without anything hidden passes, whatever its names and texts look like', () => {
    fc.assert(
      fc.property(flatObjects, fc.constantFrom(undefined, 1, '\t'), (object, indent) => {
        expect(hiddenFault(JSON.stringify(object, null, indent))).toBeUndefined()
      }),
    )
  })

  it('with a member twice is found out, by the name of that member', () => {
    fc.assert(
      fc.property(flatObjects, values, fc.nat(), (object, value, index) => {
        const names = Object.keys(object)
        fc.pre(names.length > 0)
        const name = names[index % names.length] as string
        const again = `${JSON.stringify(name)} : ${JSON.stringify(value)}`
        const text = `{${again},${JSON.stringify(object).slice(1)}`
        expect(hiddenFault(text)).toEqual({ field: name, message: 'is there twice' })
      }),
    )
  })

  it('with a member twice is found out although the name is written in two ways', () => {
    expect(hiddenFault(String.raw`{"amount":1,"\u0061mount":2}`)).toMatchObject({ field: 'amount' })
  })

  it.each([
    ['{"amount":5.00000000000000000001}', 'amount'],
    ['{"a":"1.5","amount":9007199254740991.4}', 'amount'],
  ])('with a fraction that rounding hides, %s, is found out', (text, field) => {
    expect(Number.isInteger(Object.values(JSON.parse(text)).at(-1))).toBe(true)
    expect(hiddenFault(text)).toMatchObject({ field })
  })

  it.each([
    '{"amount":5}',
    '{"amount":5.0}',
    '{"amount":5e2}',
    // Where a number must be whole, the schema says so.
    '{"location":{"lat":-55.755826,"lng":0.1}}',
    '{"text":"1.5: \\"a\\": 2.5"}',
    '{}',
  ])('like %s hides nothing', (text) => {
    expect(hiddenFault(text)).toBeUndefined()
  })

  it('with very many members takes no longer than its length warrants', () => {
    const members = Array.from({ length: 150_000 }, (_, index) => `"m${index}":1`)
    const startMs = performance.now()
    expect(hiddenFault(`{${members.join(',')}}`)).toBeUndefined()
    expect(performance.now() - startMs).toBeLessThan(3_000)
  })

  it('is text only when it is UTF-8', () => {
    expect(isText(Buffer.from('{"text":"Привет 🙂"}'))).toBe(true)
    expect(isText(Buffer.from([0x7b, 0xff, 0x7d]))).toBe(false)
    expect(isText(Buffer.from('{"text":"caf\u00e9"}', 'latin1'))).toBe(false)
  })
})
