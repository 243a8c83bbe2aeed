import type { ServiceName } from '../../../src/registry.ts'
import type { Scenario } from './scenario.ts'

/**
 * A scenario as it is, or with one callee away during one step, so that recovery finishes the step.
 */
export interface Variant {
  readonly name: string
  readonly scenario: Scenario
  readonly outage?: { readonly step: string; readonly callee: ServiceName }
}

export const plainVariant = (scenario: Scenario): Variant => ({ name: scenario.name, scenario })

export const outageVariant = (scenario: Scenario, step: string, callee: ServiceName): Variant => ({
  name: `${step} without ${callee}`,
  scenario,
  outage: { step, callee },
})

/** The epoch in which the callee is back, and recovery finishes the step. */
export const recoveryOf = ({ name }: Variant) => `recovery of ${name}`
