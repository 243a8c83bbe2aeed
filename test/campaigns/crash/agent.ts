import { subscribe } from 'node:diagnostics_channel'
import { readSync, writeSync } from 'node:fs'
import { flushCompileCache } from 'node:module'
import type { AddressInfo, Server } from 'node:net'
import { checkpointChannelName } from '../../../src/platform/base/checkpoints.ts'
import { shortenDrizzleLoading } from '../../../src/platform/database/module-loading.ts'
import { askDescriptor } from './ask-descriptor.ts'

/**
 * Loaded into a service's process before the service itself. It stops the whole
 * process at every checkpoint and asks the harness what to do: the harness may
 * kill or freeze the process, cut its connections, or let it go on. That one
 * byte is the only answer keeps every decision in one place, outside.
 */
const answer = Buffer.alloc(1)

const ask = (question: unknown) => {
  writeSync(askDescriptor, `${JSON.stringify(question)}\n`)
  // Nobody will ever answer any more: the harness is gone.
  if (readSync(askDescriptor, answer, 0, 1, null) === 0) process.exit(1)
}

/** The first server that listens is the service's own; only the system knows a port that is free. */
let isListening = false
subscribe('tracing:net.server.listen:asyncEnd', (message) => {
  const { server } = message as { readonly server: Server }
  if (isListening) return
  isListening = true
  const { port } = server.address() as AddressInfo
  writeSync(askDescriptor, `${JSON.stringify({ port })}\n`)
})

/** Everything is loaded ahead, so that a spare process takes over within milliseconds. */
const service = process.argv[2]
shortenDrizzleLoading()
await import('../../../src/platform/run-service.ts')
await import(`../../../src/services/${service}/service.ts`)
// Node writes what it compiled when a process ends, and most of these are killed.
flushCompileCache()
ask('loaded')
subscribe(checkpointChannelName, ask)
