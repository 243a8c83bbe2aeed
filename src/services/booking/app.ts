import type { Acts } from '../../platform/http/acts.ts'
import { createServiceApp } from '../../platform/http/app.ts'
import { serveActs } from '../../platform/http/serve-acts.ts'
import type { Log } from '../../platform/base/telemetry.ts'
import { contract, listActsRoute } from './contract.ts'

export interface BookingAppDeps {
  readonly acts: Acts
  readonly log: Log
}

export const createBookingApp = ({ acts, log }: BookingAppDeps) => {
  const { app, find, handle } = createServiceApp(contract, { log, acts })
  serveActs(app, listActsRoute, acts)
  return { app, find, handle }
}
