import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import type { LabState } from '../../src/local/lab/state.ts'
import { watch } from './visit.ts'
import { eventually } from './wait.ts'

/** Uses the page of the lab as a person does, and looks at the processes without asking the lab. */
export interface LabVisit {
  readonly page: Page
  /** Errors, violations of the policy, requests to other hosts: there must be none. */
  readonly complaints: string[]
  readonly close: () => Promise<void>
}

export const openLab = async (
  browser: Browser,
  origin: string,
  options: BrowserContextOptions = {},
): Promise<LabVisit> => {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 900 },
    locale: 'en-GB',
    ...options,
  })
  const page = await context.newPage()
  const complaints = watch(page, origin)
  await page.goto(origin)
  await page.locator('.picture .box').first().waitFor()
  return { page, complaints, close: () => context.close() }
}

/** Shows the switches of a box or an arrow. */
export const choose = (page: Page, target: string) =>
  page.getByLabel('Box or arrow').selectOption(target)

/** Presses a switch, and waits until the lab has done it. */
export const breakIt = async (page: Page, id: string, seconds: number) => {
  await choose(page, id.slice(id.indexOf(':') + 1))
  await page.getByLabel('For how long').fill(String(seconds))
  const row = page.locator(`[data-switch="${id}"]`)
  const path = `/lab/switches/${encodeURIComponent(id)}`
  const done = page.waitForResponse((response) => response.url().endsWith(path))
  await row.getByRole('button').click()
  const { ok, status } = await done.then((response) => ({
    ok: response.ok(),
    status: response.status(),
  }))
  if (!ok) throw new Error(`${id} was answered ${status}`)
  return row
}

export const mendAll = async (page: Page) => {
  await page.getByRole('button', { name: 'Mend all' }).click()
  await page.locator('.broken', { hasText: 'Nothing is broken' }).waitFor()
}

export const boxIs = (page: Page, name: string, health: string) =>
  page.locator(`.box[data-box="${name}"][data-health="${health}"]`).waitFor()

/** The process that the page names for the chosen box. */
export const pidShown = async (page: Page): Promise<number> => {
  const text = await page.locator('.about').innerText()
  return Number(/process (\d+)/.exec(text)?.[1])
}

export const stateOf = async (origin: string): Promise<LabState> =>
  (await (await fetch(`${origin}/lab/state`)).json()) as LabState

/** R, S, T …, as the system tells it of a process. */
const stateOfProcess = (pid: number): string =>
  process.platform === 'linux'
    ? (readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').at(-1)?.[0] ?? '')
    : execFileSync('ps', ['-o', 'state=', '-p', String(pid)], { encoding: 'utf8' }).trim()

export const isStopped = (pid: number) => stateOfProcess(pid).startsWith('T')

export const acceptsConnections = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    const end = (isOpen: boolean) => {
      socket.destroy()
      resolve(isOpen)
    }
    socket.once('connect', () => end(true)).once('error', () => end(false))
  })

/** Waits until the page tells that this healed, and nothing else is broken. */
export const expectHealed = async (page: Page, what: string) => {
  const newest = page.locator('.healing li', { hasText: what }).first()
  await newest.waitFor()
  await eventually(
    async () => {
      if ((await newest.getAttribute('data-healed')) !== 'true') throw new Error('not healed yet')
    },
    { withinMs: 60_000 },
  )
  await page.locator('.broken', { hasText: 'Nothing is broken' }).waitFor()
}
