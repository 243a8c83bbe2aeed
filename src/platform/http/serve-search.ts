import type { ServiceName } from '../../registry.ts'
import type { Found } from '../database/search.ts'
import type { ServiceApp } from './app.ts'
import type { SearchRoute } from './search-contract.ts'

/** Answers what a service has of what an operator looks for. */
export const serveSearch = (
  app: ServiceApp,
  route: SearchRoute,
  service: ServiceName,
  search: (text: string) => Promise<readonly Found[]>,
) => {
  app.openapi(route, async (c) => {
    const found = await search(c.req.valid('query').q)
    const items = found.map(({ kind, id, userId }) => ({ service, kind, id, userId }))
    return c.json({ items }, 200)
  })
}
