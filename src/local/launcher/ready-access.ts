import {
  isOperatorMissing,
  keptOperator,
  makeFirstOperator,
  type FirstOperator,
  type Roles,
} from './first-operator.ts'
import { complaintAboutIssuer } from './issuer-check.ts'
import type { Launch } from './start-databases.ts'

const warn = ({ progress, paint }: Launch, text: string) => progress.line(paint.yellow(text))

/** The code of identity is loaded by the first of them that is used. */
const rolesIn = (database: string): Roles => {
  const load = () => import('../../services/identity/commands.ts')
  return {
    rolesOf: async (username) => (await load()).rolesOf(database, username),
    makeOperator: async (username) => {
      const change = { username, role: 'operator', isGranted: true } as const
      return (await (await load()).changeRole(database, change)) !== undefined
    },
  }
}

/** Drizzle's errors quote the statement. Their cause says what is wrong. */
const reasonOf = (error: unknown): string =>
  error instanceof Error && error.cause instanceof Error
    ? reasonOf(error.cause)
    : (error as Error).message

/** Nothing here keeps anybody from working with what has started. */
const tryOperator = async (
  launch: Launch,
  work: () => Promise<FirstOperator | undefined>,
): Promise<FirstOperator | undefined> => {
  try {
    return await work()
  } catch (error) {
    if (!launch.ending.aborted) {
      warn(launch, `There is no operator yet: ${reasonOf(error)}.`)
    }
    return undefined
  }
}

const beginOperator = (launch: Launch, roles: Roles) => {
  const { data, plan, progress, ending } = launch
  const gateway = `http://${plan.reachableHost}:${plan.ports.gateway}`
  const missing = isOperatorMissing(data, roles)
  // It is looked at only when the services are ready.
  missing.catch(() => {})
  const make = () => makeFirstOperator({ data, roles, gateway, ending })
  return () =>
    tryOperator(launch, async () =>
      (await missing) ? progress.step('operator', make) : keptOperator(data),
    )
}

const beginOtherIssuer = (launch: Launch, issuer: string) => {
  const complaint = complaintAboutIssuer(issuer, launch.environment)
  return async () => {
    const text = await complaint
    if (text !== undefined) warn(launch, text)
    return undefined
  }
}

/**
 * Begins what can be done about people while the services start, so that it takes no time of its
 * own. The function that it returns does the rest when they are ready.
 */
export const beginAccess = (
  launch: Launch,
  identityDatabase: string | undefined,
): (() => Promise<FirstOperator | undefined>) => {
  const { otherIssuer } = launch.plan
  if (otherIssuer !== undefined) return beginOtherIssuer(launch, otherIssuer)
  if (identityDatabase === undefined) throw new Error('identity has no database')
  return beginOperator(launch, rolesIn(identityDatabase))
}
