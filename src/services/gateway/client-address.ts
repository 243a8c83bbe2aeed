import type { IncomingMessage } from 'node:http'
import { isIP, isIPv6 } from 'node:net'

/** Proxies may write a port behind an address, and brackets around one of IPv6. */
const withoutPort = (entry: string): string => {
  const [, bracketed, plain] = /^(?:\[([^\]]+)\]|([^:]+))(?::\d{1,5})?$/.exec(entry) ?? []
  return bracketed ?? plain ?? entry
}

/** The eight groups of an address of IPv6, however it is written, without the zone. */
const groupsOf = (address: string): string[] => {
  const { hostname } = new URL(`http://[${address.replace(/%.*$/, '')}]`)
  const [before = [], after = []] = hostname
    .slice(1, -1)
    .split('::')
    .map((part) => part.split(':').filter((group) => group !== ''))
  return [...before, ...Array<string>(8 - before.length - after.length).fill('0'), ...after]
}

/** Addresses of IPv4 as ones of IPv6: as a socket for both kinds shows them, and behind NAT64. */
const holdsIPv4 = /^(?:0:0:0:0:0:ffff|64:ff9b:0:0:0:0):([\da-f]+):([\da-f]+)$/

const dotted = (...halves: readonly string[]): string =>
  halves
    .map((half) => Number.parseInt(half, 16))
    .flatMap((half) => [half >> 8, half & 0xff])
    .join('.')

/**
 * One of IPv6 counts by its network of 64 bits. That is the least that one client gets, who could
 * choose another address of it for each guess.
 */
const inOneForm = (address: string): string => {
  if (!isIPv6(address)) return address
  const groups = groupsOf(address)
  const [, high, low] = holdsIPv4.exec(groups.join(':')) ?? []
  if (high !== undefined && low !== undefined) return dotted(high, low)
  return `${groups.slice(0, 4).join(':')}::/64`
}

/**
 * Returns who a request comes from, for limits on guessing: an address, or a network. The header
 * X-Forwarded-For can be written by anybody: only the entries on its right are those of our own
 * proxies, each of which has added the address that it saw. `proxyHops` says how many there are.
 */
export const clientAddressOf = (
  { headers, socket }: Pick<IncomingMessage, 'headers' | 'socket'>,
  proxyHops: number,
): string => {
  const direct = inOneForm(socket.remoteAddress ?? 'unknown')
  if (proxyHops === 0) return direct
  const told = [headers['x-forwarded-for'] ?? []].flat().join(',')
  const entries = told.split(',').map((entry) => entry.trim())
  // A shorter list has come past some of the proxies: all of its entries are from the others.
  const address = withoutPort(entries.at(-proxyHops) ?? entries[0] ?? '')
  return isIP(address) === 0 ? direct : inOneForm(address)
}
