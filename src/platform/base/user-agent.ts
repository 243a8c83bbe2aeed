import { isServiceName, type ServiceName } from '../../registry.ts'

const prefix = 'orderly-'

/** What our services call themselves when they call each other. */
export const userAgentOf = (service: ServiceName) => `${prefix}${service}`

/** The service that a user agent names. Nothing proves it. */
export const serviceOfUserAgent = (agent: string | undefined): ServiceName | undefined => {
  const name = agent?.startsWith(prefix) ? agent.slice(prefix.length) : undefined
  return name !== undefined && isServiceName(name) ? name : undefined
}
