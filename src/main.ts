import { loadFetchOnDemand } from './platform/base/fetch-on-demand.ts'
import { shortenLoading } from './platform/base/module-loading.ts'

/**
 * The one entry: `main.ts` runs everything with its own Postgres, `main.ts order`
 * one service, `main.ts migrate order` that service's migrations. All other code
 * is loaded after this, and so by the short way.
 */
shortenLoading()
loadFetchOnDemand()
const { run } = await import('./command-line.ts')
run(process.argv.slice(2))
