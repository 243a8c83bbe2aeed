import { generateKeyPairSync, sign } from 'node:crypto'

/**
 * A certificate for 127.0.0.1 that signs itself, for tests with a real TLS server. Node cannot make
 * one, and a program that can is not on every machine, so its few fields are written out here.
 */
const der = (tag: number, ...parts: readonly Buffer[]): Buffer => {
  const content = Buffer.concat(parts)
  const { length } = content
  const size = length < 128 ? [length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...size]), content])
}

const tags = { integer: 0x02, bits: 0x03, octets: 0x04, id: 0x06, text: 0x0c, time: 0x18 } as const
const sequence = (...parts: readonly Buffer[]) => der(0x30, ...parts)
const id = (hex: string) => der(tags.id, Buffer.from(hex, 'hex'))
const bits = (content: Buffer) => der(tags.bits, Buffer.from([0]), content)
const time = (date: Date) =>
  der(tags.time, Buffer.from(`${date.toISOString().replaceAll(/[-:T]|\..*/g, '')}Z`))

const ed25519 = sequence(id('2b6570'))
const nameOf = (commonName: string) =>
  sequence(der(0x31, sequence(id('550403'), der(tags.text, Buffer.from(commonName)))))
/** Which addresses it is for, and that it may sign, which here is only itself. */
const extensions = () => {
  const addresses = sequence(der(0x87, Buffer.from([127, 0, 0, 1])))
  const isAuthority = sequence(der(0x01, Buffer.from([0xff])))
  return der(
    0xa3,
    sequence(
      sequence(id('551d11'), der(tags.octets, addresses)),
      sequence(id('551d13'), der(tags.octets, isAuthority)),
    ),
  )
}

const pem = (label: string, content: Buffer) =>
  `-----BEGIN ${label}-----\n${content.toString('base64')}\n-----END ${label}-----\n`

export const makeCertificate = () => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const dayMs = 86_400_000
  const name = nameOf('test')
  const content = sequence(
    der(0xa0, der(tags.integer, Buffer.from([2]))),
    der(tags.integer, Buffer.from([1])),
    ed25519,
    name,
    sequence(time(new Date(Date.now() - dayMs)), time(new Date(Date.now() + dayMs))),
    name,
    publicKey.export({ format: 'der', type: 'spki' }),
    extensions(),
  )
  const certificate = sequence(content, ed25519, bits(sign(null, content, privateKey)))
  return {
    cert: pem('CERTIFICATE', certificate),
    key: privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
  }
}
