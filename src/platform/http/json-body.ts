import { isUtf8 } from 'node:buffer'
import type { FieldError } from '../base/errors.ts'

const quote = 0x22
const backslash = 0x5c
const colon = 0x3a
const dot = 0x2e
const zero = 0x30
const nine = 0x39
const openBrace = 0x7b
const closeBrace = 0x7d

const endOfString = (text: string, start: number): number => {
  let at = start + 1
  while (text.charCodeAt(at) !== quote) at += text.charCodeAt(at) === backslash ? 2 : 1
  return at
}

/** A fraction that is not zero. With an exponent behind it the number may still be whole. */
const fraction = /\.\d*[1-9]\d*(?![\deE])/y

const isDigit = (code: number) => code >= zero && code <= nine

/** Whether the number whose dot is here has a fraction that is lost when it is read. */
const losesFraction = (text: string, dotAt: number): boolean => {
  fraction.lastIndex = dotAt
  if (!fraction.test(text)) return false
  let start = dotAt
  while (isDigit(text.charCodeAt(start - 1))) start -= 1
  return Number.isInteger(Number(text.slice(start, fraction.lastIndex)))
}

const unescaped = (string: string): string =>
  string.includes('\\') ? (JSON.parse(string) as string) : string.slice(1, -1)

/**
 * Finds what `JSON.parse` accepts in silence, in text that it could read: a member that is there
 * twice (the last one wins, another reader may take the first), and a fraction so small that
 * rounding makes the number whole. It is written by hand because every body of every call passes
 * here.
 */
export const hiddenFault = (text: string): FieldError | undefined => {
  const outer: Set<string>[] = []
  let names = new Set<string>()
  let last = 'body'
  let string = ''
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    if (code === quote) {
      const end = endOfString(text, at)
      string = text.slice(at, end + 1)
      at = end
    } else if (code === colon) {
      const name = unescaped(string)
      if (names.has(name)) return { field: name, message: 'is there twice' }
      names.add(name)
      last = name
    } else if (code === openBrace) {
      outer.push(names)
      names = new Set()
    } else if (code === closeBrace) {
      names = outer.pop() ?? names
    } else if (code === dot && losesFraction(text, at)) {
      return { field: last, message: 'must be a whole number' }
    }
  }
  return undefined
}

/** Decoders replace bytes that are no text by U+FFFD, and so would change what was sent. */
export const isText = (body: Buffer): boolean => isUtf8(body)
