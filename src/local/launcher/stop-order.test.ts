import { describe, expect, it } from 'vitest'
import { registry, serviceNames, type ServiceName } from '../../registry.ts'
import { stopStages } from './stop-order.ts'

describe('the order in which services are stopped', () => {
  it('begins with the door, has each of them once, and nobody before those who call it', () => {
    const stages = stopStages()
    expect(stages[0]).toEqual(['gateway'])
    expect(stages.flat().toSorted()).toEqual(serviceNames.toSorted())
    const stageOf = (name: ServiceName) => stages.findIndex((stage) => stage.includes(name))
    for (const name of serviceNames) {
      for (const upstream of registry[name].upstreams) {
        expect(stageOf(name), `${name} before ${upstream}`).toBeLessThan(stageOf(upstream))
      }
    }
  })

  it('ends also where two call each other', () => {
    const circle = { ...registry, notification: { upstreams: ['billing'] as const } }
    expect(stopStages(circle).at(-1)).toEqual(['billing', 'notification'])
  })
})
