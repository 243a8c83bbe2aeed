import { randomUUID } from 'node:crypto'

/**
 * A person whose data is only rare words: if a log contains one of them, the service put it there
 * by mistake. The words are short, so that tests find them in cut or escaped text, too.
 */
const words =
  /zdislava|bohumil|heslo-mydlo|argon2id|svatopluk|hvezdoslav|777 ?123 ?987|tok-5f3a|sess-77aa|marked\.example|keyofmine|gift-for/i

export const markedPerson = () => {
  const number = randomUUID().slice(0, 8)
  return {
    user: {
      username: `Zdislava.${number}`,
      email: `zdislava+${number}@marked.example`,
      phone: '+420 777 123 987',
      firstName: 'Bohumil-Ářö',
      lastName: 'O’Svatopluk',
      password: `heslo-mydlo-${number}`,
    },
    description: 'gift-for Hvezdoslav <b>"quoted"</b>',
    key: () => `keyofmine-${randomUUID()}`,
    headers: { authorization: 'Bearer tok-5f3a', cookie: 'sid=sess-77aa', 'x-phone': '777123987' },
  }
}

export type MarkedPerson = ReturnType<typeof markedPerson>

/** Returns the lines of a log that tell who a person is. */
export const tellingLines = (log: string): string[] =>
  log.split('\n').filter((line) => words.test(line))

/** Returns the lines with an address of a campaign's client. These addresses all end alike. */
export const linesWithAddresses = (log: string): string[] =>
  log.split('\n').filter((line) => /(?:@|%40)example\./i.test(line))
