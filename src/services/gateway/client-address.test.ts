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
    expect(seen(undefined, 0, '2001:DB8::1')).toBe('2001:db8:0:0::/64')
  })

  it.each([
    ['1.2.3.4', 1, '1.2.3.4'],
    ['6.6.6.6, 1.2.3.4', 1, '1.2.3.4'],
    ['6.6.6.6,1.2.3.4,10.1.1.1', 2, '1.2.3.4'],
    ['1.2.3.4:5678', 1, '1.2.3.4'],
    ['[2001:db8::7]:443', 1, '2001:db8:0:0::/64'],
    ['2001:db8::7', 1, '2001:db8:0:0::/64'],
    ['::ffff:1.2.3.4', 1, '1.2.3.4'],
  ])('is what the outermost of our proxies has seen: %s, %i', (forwarded, hops, expected) => {
    expect(seen(forwarded, hops)).toBe(expected)
  })

  const ofOneHome = '2001:db8:1:2::/64'
  it.each([
    ['2001:db8:1:2::1', ofOneHome],
    ['2001:db8:1:2::', ofOneHome],
    ['2001:0DB8:0001:0002:ffff:ffff:ffff:ffff', ofOneHome],
    ['2001:db8:1:2:3:4:5.6.7.8', ofOneHome],
    ['2001:db8:1:3::1', '2001:db8:1:3::/64'],
    ['2001:db8:1::2', '2001:db8:1:0::/64'],
    ['2001:db8::2:0:0:0:1', '2001:db8:0:2::/64'],
    ['::1', '0:0:0:0::/64'],
    ['::', '0:0:0:0::/64'],
    ['1::', '1:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['::FFFF:192.0.2.7', '192.0.2.7'],
    ['::ffff:c000:207', '192.0.2.7'],
    ['0:0:0:0:0:ffff:c000:0207', '192.0.2.7'],
    ['64:ff9b::192.0.2.7', '192.0.2.7'],
    ['::fffe:192.0.2.7', '0:0:0:0::/64'],
  ])('of IPv6 is its network of 64 bits, and one of IPv4 stays whole: %s', (address, expected) => {
    expect(seen(undefined, 0, address)).toBe(expected)
    expect(seen(address, 1)).toBe(expected)
  })

  it('is another one for each of two neighbours of IPv4', () => {
    expect(seen(undefined, 0, '::ffff:192.0.2.8')).not.toBe(seen(undefined, 0, '192.0.2.7'))
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
