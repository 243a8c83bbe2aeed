import { registry, serviceNames, type ServiceEntry, type ServiceName } from '../../registry.ts'

/**
 * From the gateway inwards: first the services that no service calls, then those that only these
 * called, and so on. A request that was accepted still finds every service that it needs.
 */
export const stopStages = (
  services: Readonly<Record<ServiceName, Pick<ServiceEntry, 'upstreams'>>> = registry,
): ServiceName[][] => {
  const stages: ServiceName[][] = []
  let left: readonly ServiceName[] = serviceNames
  while (left.length > 0) {
    const called = new Set(left.flatMap((name) => services[name].upstreams))
    const free = left.filter((name) => !called.has(name))
    // Services that call each other in a circle can only stop together.
    const stage = free.length > 0 ? free : [...left]
    stages.push(stage)
    left = left.filter((name) => !stage.includes(name))
  }
  return stages
}
