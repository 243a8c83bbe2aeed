import type { UserClient } from '../../clients/user.ts'
import { ProblemError, retrySoon } from '../../platform/base/errors.ts'

export interface PeopleDeps {
  readonly users: UserClient
  readonly budgetMs: number
}

const nobody = () => new ProblemError('user-not-found', 'There is no such user; nothing was kept.')

const nobodyKnows = () =>
  new ProblemError('unavailable', 'Who this is cannot be asked now; nothing was done. Try again.', {
    headers: retrySoon,
  })

/**
 * Asks user who somebody is before anything about them is stored. Throws when there is nobody, and
 * also when it is not known: nothing is kept of somebody who cannot be written to.
 */
export const createPeople =
  ({ users, budgetMs: timeoutMs }: PeopleDeps) =>
  async (userId: string, requestId: string) => {
    const said = await users.person({ userId, requestId, timeoutMs })
    switch (said.outcome) {
      case 'done':
        return said.person
      case 'refused':
        throw nobody()
      case 'unknown':
        throw nobodyKnows()
    }
  }

export type People = ReturnType<typeof createPeople>
