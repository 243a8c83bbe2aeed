import type { Access, Caller, Person } from '../base/caller.ts'
import { nobody, operatorRole } from '../base/caller.ts'
import type { Config } from '../base/config.ts'
import { ProblemError } from '../base/errors.ts'
import type { Log } from '../base/telemetry.ts'
import type { ServiceName } from '../../registry.ts'
import { createIssuerKeys } from './issuer-keys.ts'
import { createPersonTokens } from './person-tokens.ts'
import { askForToken, refuseToken } from './refusal.ts'
import { createServiceTokens } from './service-tokens.ts'

export interface GuardDeps {
  readonly config: Pick<Config, 'service' | 'access' | 'callerKeys' | 'callTimeoutMs'>
  readonly log: Log
}

const admitPerson = (person: Person, access: 'person' | 'operator'): Caller => {
  if (access === 'operator' && !person.isOperator) {
    throw new ProblemError('forbidden', `This needs the role ${operatorRole}.`)
  }
  return { kind: 'person', person }
}

const admitService = (service: ServiceName, allowed: readonly ServiceName[]): Caller => {
  if (!allowed.includes(service)) throw refuseToken(`${service} may not call this.`)
  return { kind: 'service', service }
}

/**
 * Decides who may call a route, from its word and the `Authorization` of the request. Nothing else
 * says who somebody is: headers that claim it are worth nothing.
 */
export const createGuard = ({ config, log }: GuardDeps) => {
  const { service, access, callerKeys, callTimeoutMs } = config
  const people = createPersonTokens(access)
  const services = createServiceTokens(service, callerKeys)
  const keys = createIssuerKeys({ access, log, timeoutMs: callTimeoutMs, onChange: people.forget })

  const callerOf = (authorization: string | undefined, word: Access): Caller | Promise<Caller> => {
    if (word === 'anyone') return nobody
    if (authorization === undefined) throw askForToken('Send a token: Authorization: Bearer … .')
    if (typeof word === 'object') {
      const caller = services.callerOf(authorization)
      return caller instanceof Promise
        ? caller.then((name) => admitService(name, word.services))
        : admitService(caller, word.services)
    }
    const person = people.personOf(authorization, keys)
    return person instanceof Promise
      ? person.then((each) => admitPerson(each, word))
      : admitPerson(person, word)
  }

  return {
    callerOf,
    prepare: keys.prepare,
    close: keys.close,
  }
}
