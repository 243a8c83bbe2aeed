import type { ServiceName } from '../../../src/registry.ts'

/**
 * The scenario as it is, or with one callee away during one step, so that recovery finishes the
 * step.
 */
export interface Variant {
  readonly name: string
  readonly outage?: { readonly step: string; readonly callee: ServiceName }
}

export const plainVariant: Variant = { name: 'plain' }

export const outageVariant = (step: string, callee: ServiceName): Variant => ({
  name: `${step} without ${callee}`,
  outage: { step, callee },
})

/** The epoch in which the callee is back, and recovery finishes the step. */
export const recoveryOf = ({ name }: Variant) => `recovery of ${name}`
