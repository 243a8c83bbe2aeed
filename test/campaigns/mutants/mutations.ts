import type { Mutation } from './mutation.ts'
import { accessMutations } from './mutations-access.ts'
import { billingMutations } from './mutations-billing.ts'
import { bookingMutations } from './mutations-booking.ts'
import { companyMutations } from './mutations-company.ts'
import { httpMutations } from './mutations-http.ts'
import { doorMutations } from './mutations-door.ts'
import { clusterMutations } from './mutations-cluster.ts'
import { identityMutations } from './mutations-identity.ts'
import { operatorMutations } from './mutations-operator.ts'
import { orderMutations } from './mutations-order.ts'
import { platformMutations } from './mutations-platform.ts'
import { unknownMutations } from './mutations-unknown.ts'
import { sagaMutations } from './mutations-saga.ts'
import { searchMutations } from './mutations-search.ts'
import { consoleMutations } from './mutations-console.ts'
import { labMutations } from './mutations-lab.ts'
import { signUpMutations } from './mutations-signup.ts'
import { metricsMutations } from './mutations-metrics.ts'
import { booksMutations } from './mutations-books.ts'
import { telemetryMutations } from './mutations-telemetry.ts'
import { tokenMutations } from './mutations-tokens.ts'
import { traceMutations } from './mutations-traces.ts'

/** All planted bugs. A new one is an entry in the file of its part. */
export const mutations: readonly Mutation[] = [
  ...accessMutations,
  ...billingMutations,
  ...bookingMutations,
  ...doorMutations,
  ...clusterMutations,
  ...companyMutations,
  ...identityMutations,
  ...orderMutations,
  ...platformMutations,
  ...unknownMutations,
  ...httpMutations,
  ...sagaMutations,
  ...searchMutations,
  ...signUpMutations,
  ...metricsMutations,
  ...telemetryMutations,
  ...booksMutations,
  ...tokenMutations,
  ...traceMutations,
  ...operatorMutations,
  ...consoleMutations,
  ...labMutations,
]
