import { afterAll } from 'vitest'
import { forgetPorts } from '../../src/local/postgres/free-port.ts'
import { cleanUp } from './cleanup.ts'

// Workers that run at once have different numbers, and their process ids may have the same share.
process.env['PORT_SHARE'] = process.env['VITEST_POOL_ID']

/** Loaded before every test file: removes what a file made when it ends, also when it fails. */
afterAll(async () => {
  await cleanUp()
  forgetPorts()
})
