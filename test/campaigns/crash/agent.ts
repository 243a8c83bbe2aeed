import { subscribe } from 'node:diagnostics_channel'
import { readSync, writeSync } from 'node:fs'
import { flushCompileCache } from 'node:module'
import type { AddressInfo, Server } from 'node:net'
import { checkpointChannelName } from '../../../src/platform/base/checkpoints.ts'
import { shortenLoading } from '../../../src/platform/base/module-loading.ts'
import { askDescriptor } from './ask-descriptor.ts'

/**
 * The test loads this into a service's process before the service. It stops the whole process at
 * every checkpoint and asks the harness what to do: the harness may kill or freeze the process, cut
 * its connections, or let it go on. The answer is one byte, so that the harness alone decides.
 */
const answer = Buffer.alloc(1)

const ask = (question: unknown) => {
  writeSync(askDescriptor, `${JSON.stringify(question)}\n`)
  // The harness is gone, so no answer will come.
  if (readSync(askDescriptor, answer, 0, 1, null) === 0) process.exit(1)
}

/**
 * What a process does once a minute (it deletes what is over) would be a visit at any moment, and
 * belongs to no step. So what waits that long waits for ever.
 */
const seldomMs = 25_000
const longestMs = 2 ** 31 - 1
const startTimer = globalThis.setTimeout
const startSoonOrNever = (work: () => void, delayMs = 0, ...values: []) =>
  startTimer(work, delayMs < seldomMs ? delayMs : longestMs, ...values)
globalThis.setTimeout = Object.assign(startSoonOrNever, startTimer)

/** The first server that listens is the service's own. Only the system knows a free port. */
let isListening = false
subscribe('tracing:net.server.listen:asyncEnd', (message) => {
  const { server } = message as { readonly server: Server }
  if (isListening) return
  isListening = true
  const { port } = server.address() as AddressInfo
  writeSync(askDescriptor, `${JSON.stringify({ port })}\n`)
})

/** Loads everything ahead, so that a spare process takes over within milliseconds. */
const service = process.argv[2]
shortenLoading()
await import('../../../src/platform/run-service.ts')
await import(`../../../src/services/${service}/service.ts`)
// Node stores compiled code when a process ends, but the test kills most of these.
flushCompileCache()
ask('loaded')
subscribe(checkpointChannelName, ask)
