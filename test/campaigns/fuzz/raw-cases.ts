import type { Random } from '../../lab/random.ts'
import { word } from './values.ts'

/**
 * Bytes that are not a valid HTTP request, or that hide a second one. No valid request here asks
 * for a change, so nothing may change. A hidden request would pay into the account of `victim`.
 */
export interface RawCase {
  readonly label: string
  /** What is written. A number is a pause in milliseconds. */
  readonly parts: readonly (Buffer | number)[]
}

const bytes = (text: string) => Buffer.from(text, 'latin1')

const lines = (...all: string[]) => `${all.join('\r\n')}\r\n\r\n`

const randomBytes = (random: Random, length: number) =>
  Buffer.from(Array.from({ length }, () => random.between(0, 255)))

export interface Victim {
  readonly userId: string
  /** Without it a hidden request could do no harm. */
  readonly authorization: string
}

export const createRawCase = (random: Random, { userId, authorization }: Victim): RawCase => {
  const path = `/billing/accounts/${userId}/deposit`
  const post = [
    `POST ${path} HTTP/1.1`,
    'Host: localhost',
    `Authorization: ${authorization}`,
    'Content-Type: application/json',
  ]
  const smuggled = `${lines(...post, 'Content-Length: 12')}{"amount":7}`
  const size = smuggled.length
  const get = lines('GET /users/x HTTP/1.1', 'Host: localhost')
  const name = word(random, random.between(1, 20))
  const odd = String.fromCharCode(random.between(0, 31))
  const chunked = (header: string, body: string) => lines(...post, header) + body

  const texts: readonly (readonly [string, string])[] = [
    [
      'a length and chunks',
      `${lines(...post, `Content-Length: ${size}`, 'Transfer-Encoding: chunked')}0\r\n\r\n${smuggled}`,
    ],
    [
      'chunks and a length',
      `${lines(...post, 'Transfer-Encoding: chunked', 'Content-Length: 4')}0\r\n\r\n${smuggled}`,
    ],
    ['two lengths', `${lines(...post, 'Content-Length: 0', `Content-Length: ${size}`)}${smuggled}`],
    ['a list of lengths', `${lines(...post, `Content-Length: 0, ${size}`)}${smuggled}`],
    ['twice the same length', `${lines(...post, 'Content-Length: 2', 'Content-Length: 2')}{}`],
    ['a length with a sign', `${lines(...post, 'Content-Length: +2')}{}`],
    ['a negative length', `${lines(...post, 'Content-Length: -2')}{}`],
    ['a length in hex', `${lines(...post, 'Content-Length: 0x2')}{}`],
    ['a huge length', `${lines(...post, 'Content-Length: 99999999999999999999999')}{}`],
    ['an empty length', `${lines(...post, 'Content-Length:')}{}`],
    [
      'a blank before the colon',
      `${lines(...post, 'Transfer-Encoding : chunked', 'Content-Length: 2')}{}`,
    ],
    [
      'a folded coding',
      `${lines(...post, 'Transfer-Encoding:', ' chunked', 'Content-Length: 2')}{}`,
    ],
    ['an unknown coding', `${lines(...post, 'Transfer-Encoding: xchunked')}0\r\n\r\n`],
    [
      'two codings',
      `${lines(...post, 'Transfer-Encoding: chunked, identity')}0\r\n\r\n${smuggled}`,
    ],
    [
      'another coding before the chunks',
      `${lines(...post, 'Transfer-Encoding: gzip, chunked')}0\r\n\r\n${smuggled}`,
    ],
    [
      'codings twice',
      `${lines(...post, 'Transfer-Encoding: identity', 'Transfer-Encoding: chunked')}0\r\n\r\n`,
    ],
    ['a tab in the coding', `${lines(...post, 'Transfer-Encoding:\tchunked\x0b')}0\r\n\r\n`],
    [
      'chunks of HTTP/1.0',
      `POST ${path} HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${smuggled}`,
    ],
    ['a chunk without a size', chunked('Transfer-Encoding: chunked', 'zz\r\n{}\r\n0\r\n\r\n')],
    ['a chunk that is shorter', chunked('Transfer-Encoding: chunked', '9\r\n{}\r\n0\r\n\r\n')],
    ['a chunk that is longer', chunked('Transfer-Encoding: chunked', '1\r\n{}\r\n0\r\n\r\n')],
    ['a huge chunk size', chunked('Transfer-Encoding: chunked', 'ffffffffffffffffffff\r\n{}\r\n')],
    ['a negative chunk size', chunked('Transfer-Encoding: chunked', '-1\r\n{}\r\n0\r\n\r\n')],
    ['a bare line feed in chunks', chunked('Transfer-Encoding: chunked', '2\n{}\n0\n\n')],
    [
      'a long chunk extension',
      chunked('Transfer-Encoding: chunked', `2;${'x'.repeat(20_000)}\r\n{}\r\n0\r\n\r\n`),
    ],
    [
      'a trailer that is a length',
      chunked('Transfer-Encoding: chunked', `2\r\n{}\r\n0\r\nContent-Length: ${size}\r\n\r\n`),
    ],
    [
      'many small chunks',
      chunked('Transfer-Encoding: chunked', `${'1\r\n \r\n'.repeat(3_000)}0\r\n\r\n`),
    ],
    [
      'too much in chunks',
      chunked(
        'Transfer-Encoding: chunked',
        `${`fff\r\n${' '.repeat(4_095)}\r\n`.repeat(40)}0\r\n\r\n`,
      ),
    ],
    ['a bare line feed', `GET /users/x HTTP/1.1\nHost: localhost\n\n`],
    ['a bare carriage return', `GET /users/x HTTP/1.1\rHost: localhost\r\r`],
    ['a folded header', lines('GET /users/x HTTP/1.1', 'Host: localhost', 'X-A: 1', ' 2')],
    ['a header without a colon', lines('GET /users/x HTTP/1.1', 'Host: localhost', name)],
    ['a header without a name', lines('GET /users/x HTTP/1.1', 'Host: localhost', ': x')],
    ['a blank in a header name', lines('GET /users/x HTTP/1.1', 'Host: localhost', 'x y: z')],
    [
      'a control character in a name',
      lines('GET /users/x HTTP/1.1', 'Host: localhost', `x${odd}y: z`),
    ],
    [
      'a control character in a value',
      lines('GET /users/x HTTP/1.1', 'Host: localhost', `x: a${odd}b`),
    ],
    ['a control character in the path', lines(`GET /users/${odd} HTTP/1.1`, 'Host: localhost')],
    ['a NUL in the request line', lines(`GET /users\0/x HTTP/1.1`, 'Host: localhost')],
    ['a NUL before it', `\0${get}`],
    ['bytes above 127 in the path', lines(`GET /users/\xff\xfe HTTP/1.1`, 'Host: localhost')],
    ['no host', lines('GET /users/x HTTP/1.1')],
    ['a foreign host', lines('GET /users/x HTTP/1.1', 'Host: evil.example')],
    ['two hosts', lines('GET /users/x HTTP/1.1', 'Host: localhost', 'Host: b')],
    ['HTTP/0.9', 'GET /users/x\r\n'],
    ['HTTP/1.0', lines('GET /users/x HTTP/1.0')],
    ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['HTTP/9.9', lines('GET /users/x HTTP/9.9', 'Host: localhost')],
    ['ICY', lines('GET /users/x ICY/1.0', 'Host: localhost')],
    ['no protocol', lines('GET /users/x', 'Host: localhost')],
    ['blanks in the target', lines('GET /users/x y z HTTP/1.1', 'Host: localhost')],
    ['an unknown method', lines(`${name.toUpperCase()} /users/x HTTP/1.1`, 'Host: localhost')],
    ['a method in small letters', lines('get /users/x HTTP/1.1', 'Host: localhost')],
    ['CONNECT', lines('CONNECT a:443 HTTP/1.1', 'Host: localhost')],
    ['OPTIONS for all', lines('OPTIONS * HTTP/1.1', 'Host: localhost')],
    [
      'a whole address',
      lines(`POST http://evil${path} HTTP/1.1`, 'Host: localhost', 'Content-Length: 2') + '{}',
    ],
    ['a whole address of ours', lines('GET http://localhost/users/x HTTP/1.1', 'Host: localhost')],
    [
      'a whole address with a user',
      lines('GET http://a:b@localhost/users/x HTTP/1.1', 'Host: localhost'),
    ],
    ['a whole address by TLS', lines('GET https://localhost/users/x HTTP/1.1', 'Host: localhost')],
    ['an address of another kind', lines('GET file:///etc/passwd HTTP/1.1', 'Host: localhost')],
    ['a path without a slash', lines('GET users/x HTTP/1.1', 'Host: localhost')],
    ['a fragment', lines('GET /users/x#y HTTP/1.1', 'Host: localhost')],
    ['backslashes', lines('GET \\users\\x HTTP/1.1', 'Host: localhost')],
    ['empty lines before it', `${'\r\n'.repeat(50)}${get}`],
    [
      'an upgrade',
      lines(
        'GET /users/x HTTP/1.1',
        'Host: localhost',
        'Connection: Upgrade',
        'Upgrade: h2c',
        'HTTP2-Settings: AAA',
      ),
    ],
    [
      'an unknown expectation',
      lines('GET /users/x HTTP/1.1', 'Host: localhost', 'Expect: miracles'),
    ],
    ['100-continue and nothing', lines(...post, 'Expect: 100-continue', 'Content-Length: 12')],
    [
      'a header of 20,000 bytes',
      lines('GET /users/x HTTP/1.1', 'Host: localhost', `X: ${'x'.repeat(20_000)}`),
    ],
    [
      '3,000 headers',
      lines(
        'GET /users/x HTTP/1.1',
        'Host: localhost',
        ...Array.from({ length: 3_000 }, (_, n) => `${n}:`),
      ),
    ],
    ['a path of 20,000 bytes', lines(`GET /${'x'.repeat(20_000)} HTTP/1.1`, 'Host: localhost')],
    ['garbage after a request', `${get}\x16\x03\x01${name}\r\n\r\n`],
    ['a request after garbage', `${name}\r\n\r\n${smuggled}`],
    ['three requests at once', get + get + get],
    [
      'a request inside a body of GET',
      lines('GET /users/x HTTP/1.1', 'Host: localhost', `Content-Length: ${size}`) + smuggled,
    ],
    ['TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
    ['nothing', ''],
  ]

  const [label, text] = random.pick(texts)
  const whole = bytes(text)
  const at = random.between(0, whole.length)
  const dice = random.between(0, 11)
  if (dice === 0) return { label: `${label}, cut off`, parts: [whole.subarray(0, at)] }
  if (dice === 1)
    return {
      label: `${label}, in two parts`,
      parts: [whole.subarray(0, at), 5, whole.subarray(at)],
    }
  if (dice === 2) {
    return {
      label: `${label}, with random bytes`,
      parts: [whole.subarray(0, at), randomBytes(random, 20), whole.subarray(at)],
    }
  }
  if (dice === 3)
    return { label: 'random bytes', parts: [randomBytes(random, random.between(1, 4_000))] }
  return { label, parts: [whole] }
}
