import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { collection, complaintAbout, requestsIn, runCollection } from '../lab/newman.ts'
import { startSystem, type System } from '../lab/system.ts'

describe('each folder of the Postman collection', () => {
  let system: System
  beforeAll(async () => {
    system = await startSystem()
  }, 60_000)
  afterAll(() => system?.stop())

  const run = (folder: string) =>
    runCollection('--env-var', `baseUrl=${system.urls.gateway}`, '--folder', folder)

  it.each(collection.item)(
    'passes alone, and again on the same data: $name',
    { timeout: 120_000 },
    async (folder) => {
      const count = requestsIn(folder).length
      expect(complaintAbout(await run(folder.name), count)).toBeUndefined()
      expect(complaintAbout(await run(folder.name), count)).toBeUndefined()
    },
  )
})
