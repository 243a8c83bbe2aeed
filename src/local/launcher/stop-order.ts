import { registry, serviceNames, type ServiceEntry, type ServiceName } from '../../registry.ts'

/**
 * From the door inwards: first those whom no service calls, then those whom
 * only these called, and so on. Whoever was let in still finds everybody that
 * the work needs.
 */
export const stopStages = (
  services: Readonly<Record<ServiceName, Pick<ServiceEntry, 'upstreams'>>> = registry,
): ServiceName[][] => {
  const stages: ServiceName[][] = []
  let left: readonly ServiceName[] = serviceNames
  while (left.length > 0) {
    const called = new Set(left.flatMap((name) => services[name].upstreams))
    const free = left.filter((name) => !called.has(name))
    // Those who call each other in a circle can only be stopped together.
    const stage = free.length > 0 ? free : [...left]
    stages.push(stage)
    left = left.filter((name) => !stage.includes(name))
  }
  return stages
}
