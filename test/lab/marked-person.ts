import { randomUUID } from 'node:crypto'

/**
 * A person whose every word is rare: whatever of it is found in a log was put
 * there by mistake. The words are kept short, so that a cut or an escaped text
 * is found as well.
 */
const words =
  /zdislava|bohumil|svatopluk|hvezdoslav|777 ?123 ?987|tok-5f3a|sess-77aa|marked\.example|keyofmine|gift-for/i

export const markedPerson = () => {
  const number = randomUUID().slice(0, 8)
  return {
    user: {
      username: `Zdislava.${number}`,
      email: `zdislava+${number}@marked.example`,
      phone: '+420 777 123 987',
      firstName: 'Bohumil-Ářö',
      lastName: 'O’Svatopluk',
    },
    description: 'gift-for Hvezdoslav <b>"quoted"</b>',
    key: () => `keyofmine-${randomUUID()}`,
    headers: { authorization: 'Bearer tok-5f3a', cookie: 'sid=sess-77aa', 'x-phone': '777123987' },
  }
}

export type MarkedPerson = ReturnType<typeof markedPerson>

/** The lines of a log that tell who somebody is. */
export const tellingLines = (log: string): string[] =>
  log.split('\n').filter((line) => words.test(line))

/** The lines that hold an address of the clients of a campaign, which all end alike. */
export const linesWithAddresses = (log: string): string[] =>
  log.split('\n').filter((line) => /(?:@|%40)example\./i.test(line))
