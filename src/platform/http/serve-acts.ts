import { toIso } from '../base/time.ts'
import type { ActsRoute } from './acts-contract.ts'
import type { Acts, StoredAct } from './acts.ts'
import type { ServiceApp } from './app.ts'
import { defaultPageSize, toPage } from './schemas.ts'

/** Answers the list of acts. */
export const serveActs = (app: ServiceApp, route: ActsRoute, acts: Acts) => {
  app.openapi(route, async (c) => {
    const { limit = defaultPageSize, ...query } = c.req.valid('query')
    const rows = await acts.list({ ...query, limit })
    const toAct = ({ at, ...act }: StoredAct) => ({ ...act, at: toIso(at) })
    return c.json(
      toPage(rows, limit, ({ id }) => id, toAct),
      200,
    )
  })
}
