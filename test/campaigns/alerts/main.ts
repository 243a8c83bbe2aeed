import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { parse } from 'yaml'
import { projectRoot } from '../../../tools/run-tool.ts'
import { startAlertmanager, startPrometheus, type Daemon } from './daemons.ts'
import { liveWithoutFaults } from './healthy.ts'
import { waves, type Scenario } from './scenarios.ts'
import { openShop, type Shop } from './shop.ts'
import { fits, nameOf, openInbox, type Inbox } from './told.ts'

/**
 * `npm run test:alerts` makes the fault of each alert really happen, in a real system that a real
 * Prometheus reads with the files of observability/. Each must be told within two minutes, by
 * Alertmanager, and be over after the fault is mended; nothing else may be told. Then it runs a load
 * without faults, during which nothing may be told at all (`--healthy-minutes 60`).
 */
const needed = ['prometheus', 'prometheus-alertmanager']
const toldWithinSeconds = 120
/** The longest window of a rule is two minutes, and then a scrape and a look at the rules pass. */
const overWithinSeconds = 180
const restSeconds = 30

const say = (line: string) => process.stdout.write(`${line}\n`)

const complaints: string[] = []
const complain = (line: string) => {
  complaints.push(line)
  say(`  WRONG: ${line}`)
}

const alertNames = (): string[] => {
  const file = path.join(projectRoot, 'observability/rules/alerts.yml')
  const { groups } = parse(readFileSync(file, 'utf8')) as {
    readonly groups: readonly { readonly rules: readonly { readonly alert: string }[] }[]
  }
  return groups.flatMap(({ rules }) => rules.map(({ alert }) => alert))
}

const withoutScenario = () => {
  const proved = new Set(
    waves.flat().flatMap(({ fires }) => fires.map(({ alertname }) => alertname)),
  )
  return alertNames().filter((name) => !proved.has(name))
}

const runWave = async (wave: readonly Scenario[], shop: Shop, inbox: Inbox) => {
  inbox.forget()
  const began = await Promise.all(
    wave.map(async (scenario) => {
      say(`${scenario.name}: begins`)
      const mend = await scenario.begin(shop)
      const waiting = scenario.fires.map(async (wanted) => {
        const isTold = () => inbox.fired().some((labels) => fits(labels, wanted))
        const seconds = await inbox.until(isTold, toldWithinSeconds)
        if (seconds === undefined) complain(`${nameOf(wanted)} was not told in two minutes`)
        else say(`  ${nameOf(wanted)}: told after ${seconds.toFixed(0)} s`)
      })
      return { mend, told: Promise.all(waiting) }
    }),
  )
  await Promise.all(began.map(({ told }) => told))
  await Promise.all(began.map(({ mend }) => mend()))
  const over = await inbox.until(() => inbox.firing().length === 0, overWithinSeconds)
  if (over !== undefined) say(`  all over ${over.toFixed(0)} s after the faults were mended`)
  else complain(`not over in time: ${inbox.firing().map(nameOf).join('; ')}`)
  const expected = wave.flatMap(({ fires, mayFire = [] }) => [...fires, ...mayFire])
  const others = inbox.fired().filter((labels) => !expected.some((each) => fits(labels, each)))
  for (const name of new Set(others.map(nameOf)))
    complain(`${name} was told, and nothing was wrong`)
}

/** Nothing may be told while nothing is wrong. */
const rest = async (inbox: Inbox, seconds: number) => {
  await inbox.until(() => inbox.fired().length > 0, seconds)
  for (const labels of inbox.fired()) complain(`${nameOf(labels)} was told at rest`)
}

const runHealthy = async (shop: Shop, inbox: Inbox, minutes: number) => {
  say(`${minutes} minutes of load without faults`)
  inbox.forget()
  const done = await liveWithoutFaults(shop, minutes)
  await rest(inbox, restSeconds)
  for (const [what, count] of Object.entries(done)) {
    if (count === 0) complain(`no ${what} in ${minutes} minutes`)
  }
  const { requests, bookings, audits } = done
  const told = inbox.fired().length
  say(`  ${requests} requests, ${bookings} bookings, ${audits} audits, ${told} alerts`)
}

const proveThem = async (only: string | undefined, healthyMinutes: number) => {
  const opened: Pick<Daemon, 'stop'>[] = []
  try {
    const inbox = await openInbox()
    opened.push(inbox.receiver)
    const shop = await openShop()
    opened.push({ stop: shop.close })
    const alertmanager = await startAlertmanager(inbox.receiver.url)
    opened.push(alertmanager)
    opened.push(await startPrometheus(shop.metricsAt, alertmanager))
    await rest(inbox, restSeconds)
    const isWanted = ({ name }: Scenario) => only === undefined || name.includes(only)
    for (const wave of waves) {
      const wanted = wave.filter(isWanted)
      if (wanted.length > 0) await runWave(wanted, shop, inbox)
    }
    if (healthyMinutes > 0) await runHealthy(shop, inbox, healthyMinutes)
  } finally {
    for (const { stop } of opened.toReversed()) await stop()
  }
}

const main = async () => {
  const { values } = parseArgs({
    options: { only: { type: 'string' }, 'healthy-minutes': { type: 'string', default: '10' } },
  })
  const missing = needed.filter((program) => spawnSync('which', [program]).status !== 0)
  if (missing.length > 0) {
    say(`nothing was tested, because these are not here: ${missing.join(', ')}`)
    say(`install them: apt install prometheus prometheus-alertmanager`)
    process.exitCode = 1
    return
  }
  for (const name of withoutScenario()) complain(`${name} has no scenario`)
  await proveThem(values.only, Number(values['healthy-minutes']))
  say(
    complaints.length === 0
      ? 'every alert told its fault, and nothing else'
      : `${complaints.length} wrong`,
  )
  if (complaints.length > 0) process.exitCode = 1
}

await main()
