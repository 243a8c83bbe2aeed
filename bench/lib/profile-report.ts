import { machineLine } from './machine.ts'
import { totalMicros, type ProfileResults, type WorkloadProfile } from './profile-types.ts'
import { tableLines } from './screen.ts'

const figuresOf = (name: string, profile: WorkloadProfile): string[][] => [
  [
    name,
    `${profile.clients} clients`,
    `${profile.perSecond.toFixed(0)} orders/s`,
    `p50 ${profile.p50Ms.toFixed(2)} ms`,
    `CPU ${totalMicros(profile).toFixed(0)} µs per order`,
  ],
  ...profile.processes.map(
    ({ process, cpuMicros, allocatedKb, collectionMicros, bytesIn, bytesOut }) => [
      `  ${process}`,
      `${cpuMicros.toFixed(0)} µs`,
      allocatedKb === undefined ? '' : `${allocatedKb.toFixed(1)} kB allocated`,
      collectionMicros === undefined ? '' : `${collectionMicros.toFixed(1)} µs collecting`,
      bytesIn === undefined ? '' : `${bytesIn} bytes in, ${bytesOut} out`,
    ],
  ),
]

/** Prints the profile for a person. */
export const showProfile = (results: ProfileResults, line: (text?: string) => void) => {
  line(`\n${machineLine(results.machine)}\n`)
  const { system, oneClient, chain, bare, bareOneClient } = results
  const rows = [
    ...figuresOf('orderly', system),
    ...figuresOf('orderly, one client', oneClient),
    ...figuresOf('HTTP chain alone', chain),
    ...figuresOf('five bare statements', bare),
    ...figuresOf('bare, one client', bareOneClient),
  ]
  for (const text of tableLines(rows)) line(text)
  line(`\ncommits per order ${system.commitsPerOrder}, bytes of log ${system.walBytesPerOrder}`)
  line(`the rival writes ${bare.walBytesPerOrder} bytes of log per order\n`)
  const head = ['statement', 'per order', 'callers each']
  const statements = results.statements.map(({ service, statement, ...cost }) => [
    `${service}: ${statement}`,
    cost.perOrder.toFixed(3),
    cost.callersPerStatement.toFixed(1),
  ])
  for (const text of tableLines([head, ...statements])) line(text)
  line('\none client:')
  for (const text of tableLines(results.hops.map((h) => [h.hop, `${h.meanMs} ms`]))) line(text)
}
