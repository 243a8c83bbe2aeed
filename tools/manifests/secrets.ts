import { parseArgs } from 'node:util'
import { stringify } from 'yaml'
import { makeSecrets, secretManifest } from '../../src/cluster/secrets.ts'
import { namespace } from './settings.ts'

/**
 * `npm run secrets --silent` prints new Secrets as manifests, for whoever does not let the job of
 * k8s/11-secrets.yaml make them. It asks nobody and keeps nothing: each run prints others. With
 * names (`npm run secrets --silent -- order-secrets`) it prints only those.
 */
const main = () => {
  const { positionals: wanted } = parseArgs({ allowPositionals: true })
  const secrets = makeSecrets()
  const unknown = wanted.filter((name) => !secrets.some((secret) => secret.name === name))
  if (unknown.length > 0) {
    const known = secrets.map(({ name }) => name).join(', ')
    console.error(`there is no Secret ${unknown.join(', ')}; there are ${known}`)
    process.exitCode = 1
    return
  }
  for (const secret of secrets) {
    if (wanted.length > 0 && !wanted.includes(secret.name)) continue
    console.log(`---\n${stringify(secretManifest(secret, namespace), { lineWidth: 0 }).trimEnd()}`)
  }
}

main()
