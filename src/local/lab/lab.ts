import type { Server } from 'node:http'
import { wholeNumber } from '../../platform/base/variables.ts'
import type { Launch } from '../launcher/start-databases.ts'
import type { Lab } from '../launcher/with-lab.ts'
import type { DatabaseUrls } from '../postgres/provision.ts'
import { openArrows } from './arrows.ts'
import { createBooks } from './books.ts'
import { createBoxes } from './boxes.ts'
import { createHealings } from './healing.ts'
import { createLoad } from './load.ts'
import { createPeople } from './people.ts'
import { startLabServer } from './server.ts'
import { createSwitches } from './switches.ts'
import { createTour } from './tour.ts'
import { createWatch } from './watch.ts'
import { createWork } from './work.ts'

/** The services check this variable, so here it only has to be read. */
const leaseOf = ({ environment }: Launch) =>
  wholeNumber(1, 600_000).parse(environment['LEASE_MS'] || '6000')

/** Puts the lab together. Its links are there at once, the rest when everything runs. */
export const createLab = async (launch: Launch, urls: DatabaseUrls): Promise<Lab> => {
  const closing = new AbortController()
  const { signal } = closing
  const arrows = await openArrows(launch.plan, () => launch.postgres?.port)
  const people = createPeople(arrows.get('people>gateway').link.url, signal)
  const healings = createHealings(() => watch.wake())
  const switches = createSwitches({ launch, arrows, onMended: healings.begin })
  const load = createLoad(people, signal)
  const tour = createTour({ launch, arrows, people, switches, signal })
  const books = createBooks({
    urls,
    leaseMs: leaseOf(launch),
    isWatched: () => watch.isWatched(),
    signal,
  })
  const boxes = createBoxes(launch)
  const work = createWork(launch)
  const watch = createWatch({
    arrows,
    boxes,
    switches,
    load,
    work,
    healings,
    books,
    tour,
    signal,
  })
  let server: Server | undefined
  return {
    ways: arrows.ways,
    open: async () => {
      const { lab, publicUrl } = launch.plan
      if (lab === undefined) throw new Error('the lab was opened without a plan')
      server = await startLabServer({
        port: lab.port,
        gateway: publicUrl,
        watch,
        switches,
        load,
        tour,
        signal,
      })
    },
    /** The links stay until the process ends: services need them to finish their work. */
    close: () => {
      closing.abort()
      switches.close()
      server?.close()
      server?.closeAllConnections()
    },
  }
}
