import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'

/** Proxies may write a port behind an address, and brackets around one of IPv6. */
const withoutPort = (entry: string): string => {
  const [, bracketed, plain] = /^(?:\[([^\]]+)\]|([^:]+))(?::\d{1,5})?$/.exec(entry) ?? []
  return bracketed ?? plain ?? entry
}

/** A socket that takes both kinds of addresses shows those of IPv4 as ones of IPv6. */
const inOneForm = (address: string): string =>
  address.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, '').toLowerCase()

/**
 * Returns who a request comes from, as an address, for limits on guessing. The header
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
  const address = inOneForm(withoutPort(entries.at(-proxyHops) ?? entries[0] ?? ''))
  return isIP(address) === 0 ? direct : address
}
