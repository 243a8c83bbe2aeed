import {
  contractDifferences,
  emitAside,
  generateClients,
  serviceContracts,
  writeContracts,
} from './contracts.ts'
import { projectRoot } from '../run-tool.ts'

/**
 * `npm run contracts:emit` writes `openapi/` from the services' routes, then the
 * typed clients from `openapi/`. With `--check` it writes nothing and names the
 * files that differ from what it would have written.
 */
if (process.argv.includes('--check')) {
  const emitted = await emitAside()
  const differences = await contractDifferences(emitted.root, projectRoot)
  await emitted.remove()
  for (const difference of differences) console.error(difference)
  if (differences.length > 0) {
    console.error(
      'The contracts and the code differ: run `npm run contracts:emit` and look at the diff.',
    )
    process.exitCode = 1
  } else {
    console.log(`${serviceContracts.length} contracts and their clients agree with the code.`)
  }
} else {
  await writeContracts(projectRoot)
  await generateClients(projectRoot)
  console.log(`Wrote openapi/ (${serviceContracts.length} contracts) and src/clients/generated/.`)
}
