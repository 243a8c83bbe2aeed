import { ConfigError, type Environment } from '../../platform/base/config.ts'
import { servicesWithDatabase, type ServiceName } from '../../registry.ts'
import { databaseVariable } from '../../platform/base/variables.ts'
import type { LaunchPlan } from './launch-plan.ts'

/** What the launcher has to know of the lab, which is loaded only when somebody wants it. */

/** The lab stops and kills, so nobody but this machine may ask for it. */
export const labHost = '127.0.0.1'

/** A process that is kept running: a service, or the second one of order in the lab. */
export type ProcessName = ServiceName | 'order-2'

/** The ways between processes, where they are not direct. */
export interface Ways {
  /** Undefined where the way is direct. */
  readonly toService: (from: ServiceName, to: ServiceName) => string | undefined
  readonly toDatabase: (from: ServiceName, url: string) => string
}

export interface Lab {
  readonly ways: Ways
  /** Called when everything is ready. From then on it can be used. */
  readonly open: () => Promise<void>
  readonly close: () => void
}

const complaintAbout = ({ host, otherIssuer, adminUrl, givenDatabases }: LaunchPlan) => {
  if (host !== labHost) {
    return `HOST is ${host}, and what people break must be theirs alone: leave HOST out, so that only this machine reaches it`
  }
  const given = servicesWithDatabase.find((service) => givenDatabases[service] !== undefined)
  if (adminUrl !== undefined || given !== undefined) {
    const variable = given === undefined ? 'DATABASE_URL' : databaseVariable(given)
    return `it stops Postgres, which must be its own one: leave ${variable} out`
  }
  if (otherIssuer !== undefined) {
    return 'its people sign up here, and ISSUER_URL names another issuer: leave it out'
  }
  return undefined
}

/** Says before anything is started why the lab cannot be used as things are. */
export const refuseLab = (plan: LaunchPlan, environment: Environment) => {
  const complaint =
    complaintAbout(plan) ??
    (environment['DEPOSITS_BY'] === 'teller'
      ? 'its people put money on their accounts themselves: leave DEPOSITS_BY out'
      : undefined)
  if (complaint !== undefined) throw new ConfigError(`no lab here: ${complaint}`)
}
