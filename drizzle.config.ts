import { defineConfig } from 'drizzle-kit'
import { servicesWithDatabase } from './src/registry.ts'

/**
 * `SERVICE=order npx drizzle-kit generate` writes that service's next
 * migration from its schema. A migration is never edited once committed.
 */
const service = servicesWithDatabase.find((name) => name === process.env['SERVICE'])
if (service === undefined) {
  throw new Error(`set SERVICE to one of ${servicesWithDatabase.join(', ')}`)
}

export default defineConfig({
  dialect: 'postgresql',
  schema: `./src/services/${service}/schema.ts`,
  out: `./src/services/${service}/migrations`,
})
