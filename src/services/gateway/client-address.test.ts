import { describe, expect, it } from 'vitest'
import { clientAddressOf } from './client-address.ts'

const seen = (forwarded: string | undefined, proxyHops: number, remoteAddress = '10.0.0.9') =>
  clientAddressOf(
    { headers: { 'x-forwarded-for': forwarded }, socket: { remoteAddress } } as never,
    proxyHops,
  )

describe('the address of a client', () => {
  it('is that of its connection when there are no proxies, whatever the client writes', () => {
    expect(seen('1.2.3.4', 0)).toBe('10.0.0.9')
    expect(seen(undefined, 0, '::ffff:192.0.2.7')).toBe('192.0.2.7')
    expect(seen(undefined, 0, '2001:DB8::1')).toBe('2001:db8::1')
  })

  it.each([
    ['1.2.3.4', 1, '1.2.3.4'],
    ['6.6.6.6, 1.2.3.4', 1, '1.2.3.4'],
    ['6.6.6.6,1.2.3.4,10.1.1.1', 2, '1.2.3.4'],
    ['1.2.3.4:5678', 1, '1.2.3.4'],
    ['[2001:db8::7]:443', 1, '2001:db8::7'],
    ['2001:db8::7', 1, '2001:db8::7'],
    ['::ffff:1.2.3.4', 1, '1.2.3.4'],
  ])('is what the outermost of our proxies has seen: %s, %i', (forwarded, hops, expected) => {
    expect(seen(forwarded, hops)).toBe(expected)
  })

  it('is the outermost that is known when a request came past some of the proxies', () => {
    expect(seen('1.2.3.4', 2)).toBe('1.2.3.4')
    expect(seen(undefined, 2)).toBe('10.0.0.9')
  })

  it.each(['unknown', '', ',', '_hidden', '1.2.3', '1.2.3.4, none'])(
    'is that of the connection when a proxy tells none: %s',
    (forwarded) => {
      expect(seen(forwarded, 1)).toBe('10.0.0.9')
    },
  )
})
