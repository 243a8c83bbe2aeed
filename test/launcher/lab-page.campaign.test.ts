import { randomUUID } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { isAlive } from '../../src/local/postgres/process-identity.ts'
import { serviceNames } from '../../src/registry.ts'
import { axeFindings } from '../lab/axe.ts'
import { launchBrowser, screenshotsFolder } from '../lab/browser.ts'
import { createPeople, type ConsolePerson } from '../lab/console-people.ts'
import { tabTo } from '../lab/console.ts'
import {
  acceptsConnections,
  boxIs,
  breakIt,
  choose,
  expectHealed,
  isStopped,
  mendAll,
  openLab,
  pidShown,
  stateOf,
  type LabVisit,
} from '../lab/lab-page.ts'
import { dataFolder, launchLab, serverPid, type Launcher } from '../lab/launcher.ts'
import { recordScene } from '../lab/moving-picture.ts'
import { takePicture } from '../lab/visit.ts'
import { eventually } from '../lab/wait.ts'

/**
 * Presses the switches of the lab on its page, and looks at processes, ports and logs whether the
 * fault really happened, and whether it healed.
 */
vi.setConfig({ testTimeout: 120_000 })

let launcher: Launcher
let browser: Browser
let folder: string
let pictures: string
let lab: string
let gateway: string
let visit: LabVisit
let page: Page

beforeAll(async () => {
  folder = await dataFolder()
  launcher = launchLab({ DATA_DIR: folder })
  ;[browser, pictures] = await Promise.all([launchBrowser(), screenshotsFolder()])
  // The last of the addresses.
  await launcher.sees(/^ {2}logs /m, 90_000)
  lab = launcher.addressOf('lab')
  gateway = launcher.addressOf('start here')
  visit = await openLab(browser, lab)
  page = visit.page
}, 120_000)
afterAll(async () => {
  await browser?.close()
  if (launcher?.isRunning()) await launcher.interrupt()
})

const letPeopleOrder = async (clients: number) => {
  await page.getByLabel('How many at once').fill(String(clients))
  await page
    .getByRole('button', { name: 'Let them order' })
    .or(page.getByRole('button', { name: 'Change', exact: true }))
    .click()
  await page.locator('.load [role="status"]', { hasText: `${clients} client` }).waitFor()
  // Whoever has not signed up when something breaks does not order before it is mended.
  await page
    .locator('.figures [data-tone="good"] dd', { hasText: /^[1-9]/ })
    .first()
    .waitFor()
}

const isGone = (pid: number) =>
  eventually(() => {
    if (isAlive(pid)) throw new Error(`process ${pid} still runs`)
  })

const standsStill = (pid: number) =>
  eventually(() => {
    if (!isStopped(pid)) throw new Error(`process ${pid} was never seen to stand still`)
  })

/** Nobody takes connections at its port. Of the second order nobody is told the port. */
const isDeaf = (name: (typeof processes)[number]) =>
  eventually(async () => {
    if (name === 'order-2') return
    const { port } = new URL(launcher.addressOf(name === 'gateway' ? 'start here' : name))
    if (await acceptsConnections(Number(port))) throw new Error(`${name} takes connections`)
  })

/** Looks for all signs of a fault from its beginning: it lasts for seconds only. */
const seenWhileItLasts = (...signs: readonly Promise<unknown>[]) => Promise.all(signs)

const mostAtOnce = 12

const processes = [...serviceNames, 'order-2'] as const

describe.each(processes)('the switches of %s', (name) => {
  it('kill it, and it comes back', async () => {
    await choose(page, name)
    const pid = await pidShown(page)
    expect(isAlive(pid)).toBe(true)
    await seenWhileItLasts(
      breakIt(page, `kill:${name}`, 3),
      isGone(pid),
      isDeaf(name),
      boxIs(page, name, 'down'),
    )
    await expectHealed(page, `${name} was killed`)
    await boxIs(page, name, 'ready')
    expect(await pidShown(page)).not.toBe(pid)
    expect(isAlive(await pidShown(page))).toBe(true)
  })

  it('pause it, and it goes on as the same process', async () => {
    await choose(page, name)
    const pid = await pidShown(page)
    await seenWhileItLasts(
      breakIt(page, `pause:${name}`, 2),
      standsStill(pid),
      boxIs(page, name, 'paused'),
    )
    await expectHealed(page, `${name} stood still`)
    expect(isStopped(pid)).toBe(false)
    expect(await pidShown(page)).toBe(pid)
  })

  it('restart it as another process', async () => {
    await choose(page, name)
    const pid = await pidShown(page)
    await breakIt(page, `restart:${name}`, 10)
    await isGone(pid)
    await expectHealed(page, `${name} was started again`)
    expect(await pidShown(page)).not.toBe(pid)
  })
})

describe('the switch of Postgres', () => {
  it('stops it for all services, and everything heals', async () => {
    await letPeopleOrder(3)
    const pid = await serverPid(folder)
    await seenWhileItLasts(
      breakIt(page, 'stop:postgres', 4),
      isGone(pid!),
      boxIs(page, 'postgres', 'down'),
      boxIs(page, 'billing', 'waiting'),
      page.getByText('Nobody can tell').waitFor(),
    )
    await expectHealed(page, 'Postgres was stopped')
    expect(await serverPid(folder)).not.toBe(pid)
    await expectBooksAgree()
  })
})

/** The books were compared after now, and agree. */
const expectBooksAgree = async () => {
  const sinceMs = Date.now()
  await eventually(
    async () => {
      const { books } = await stateOf(lab)
      expect(books.findings).toEqual([])
      if (books.verdict === 'they agree' && books.atMs! > sinceMs) return
      throw new Error(`the books: ${books.verdict}`)
    },
    { withinMs: 60_000 },
  )
  await page.locator('.verdict', { hasText: 'They agree' }).waitFor()
}

describe('the switches of an arrow', () => {
  let anna: ConsolePerson
  const arrow = 'gateway>billing'
  beforeAll(async () => {
    anna = await createPeople(gateway).newPerson({ balance: 10_000 })
  })

  const askForBalance = async () => {
    const startMs = performance.now()
    const response = await fetch(`${gateway}/billing/accounts/${anna.id}`, {
      headers: { authorization: `Bearer ${anna.token}` },
    })
    await response.arrayBuffer()
    const requestId = response.headers.get('x-request-id') ?? ''
    return { status: response.status, ms: performance.now() - startMs, requestId }
  }
  /** How often a request arrived at billing, by the log of billing. */
  const arrivals = async (requestId: string) => {
    const log = await readFile(join(folder, 'logs', 'billing.log'), 'utf8')
    return log.split('\n').filter((line) => line.includes(requestId)).length
  }

  it('delay what passes', async () => {
    const before = await askForBalance()
    await breakIt(page, `delay:${arrow}`, 30)
    const slow = await askForBalance()
    expect(slow.status).toBe(200)
    expect(slow.ms).toBeGreaterThan(before.ms + 250)
    await mendAll(page)
    await expectHealed(page, 'gateway → billing was slow')
    expect((await askForBalance()).ms).toBeLessThan(250)
  })

  it('lose answers of requests that were done', async () => {
    await breakIt(page, `lose-answers:${arrow}`, 30)
    const asked = []
    for (let count = 0; count < 6; count += 1) asked.push(await askForBalance())
    const lost = asked.filter(({ status }) => status !== 200)
    expect(lost.length).toBeGreaterThan(0)
    for (const { requestId } of lost) {
      await eventually(async () => expect(await arrivals(requestId)).toBeGreaterThan(0))
    }
    await mendAll(page)
    await expectHealed(page, 'gateway → billing lost answers')
    expect((await askForBalance()).status).toBe(200)
  })

  it('send each request with a key twice, which does it once', async () => {
    const deposit = async () => {
      const response = await fetch(`${gateway}/billing/accounts/${anna.id}/deposit`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${anna.token}`,
          'content-type': 'application/json',
          'idempotency-key': randomUUID(),
        },
        body: JSON.stringify({ amount: 700 }),
      })
      const { account } = (await response.json()) as { account: { balance: number } }
      return {
        status: response.status,
        balance: account.balance,
        requestId: response.headers.get('x-request-id') ?? '',
      }
    }
    const before = await deposit()
    await eventually(async () => expect(await arrivals(before.requestId)).toBe(1))
    await breakIt(page, `send-twice:${arrow}`, 30)
    const twice = await deposit()
    await eventually(async () => expect(await arrivals(twice.requestId)).toBe(2))
    await mendAll(page)
    await expectHealed(page, 'gateway → billing sent everything twice')
    const after = await deposit()
    await eventually(async () => expect(await arrivals(after.requestId)).toBe(1))
    expect([before, twice, after].map(({ balance }) => balance)).toEqual([10_700, 11_400, 12_100])
  })

  it('are on while people order, strike, and leave books that agree', async () => {
    await letPeopleOrder(4)
    for (const id of [
      'lose-answers:order>billing',
      'send-twice:order>billing',
      'lose-answers:order>notification',
      'delay:billing>postgres',
      'lose-answers:order>postgres',
    ]) {
      const row = await breakIt(page, id, 60)
      await row.getByText(/It has struck (?:once|\d+ times)/).waitFor({ timeout: 60_000 })
    }
    await mendAll(page)
    await expectHealed(page, 'order → Postgres lost answers')
    await expectBooksAgree()
  })
})

describe('every switch of every arrow', () => {
  it('ends by itself', async () => {
    await breakIt(page, 'delay:gateway>company', 1)
    await expectHealed(page, 'gateway → company was slow')
  })

  it('can be begun on the page, ended alone, and ended with all others', async () => {
    const { arrows, switches } = await stateOf(lab)
    const ids = switches.map(({ id }) => id).filter((id) => id.includes('>'))
    expect(new Set(ids).size).toBe(arrows.flatMap(({ faults }) => faults).length)
    const [alone, ...others] = ids
    const row = await breakIt(page, alone!, 60)
    await row.getByRole('button', { name: 'End now' }).click()
    await row.getByRole('button', { name: 'End now' }).waitFor({ state: 'detached' })
    // Not all at once: the first would be over when the last is pressed.
    for (let from = 0; from < others.length; from += mostAtOnce) {
      const some = others.slice(from, from + mostAtOnce)
      for (const id of some) {
        await breakIt(page, id, 60)
        await page.locator(`[data-switch="${id}"][data-on="true"]`).waitFor()
      }
      const on = (await stateOf(lab)).switches.filter(({ isOn }) => isOn)
      expect(on.map(({ id }) => id)).toEqual(some)
      await mendAll(page)
      expect((await stateOf(lab)).switches.filter(({ isOn }) => isOn)).toEqual([])
    }
  }, 240_000)
})

describe('the people', () => {
  it('come, order, and go home', async () => {
    await letPeopleOrder(5)
    const paid = async () => (await stateOf(lab)).load.paid
    const before = await paid()
    await eventually(async () => expect(await paid()).toBeGreaterThan(before + 5))
    await page.getByRole('button', { name: 'Send them home' }).click()
    await page.getByText('Nobody orders now').waitFor()
    expect((await stateOf(lab)).load.clients).toBe(0)
  })
})

describe('the tour', () => {
  it('has six scenes, each of which ends as it promises', async () => {
    await page.keyboard.press('Escape')
    const scenes = await page.locator('[data-scene]').all()
    expect(scenes).toHaveLength(6)
    for (const scene of scenes) {
      await scene.click()
      await page.getByRole('button', { name: /^Play/ }).click()
      await page.locator('.playing').waitFor()
      const result = page.locator('.scene .result')
      await result.waitFor({ timeout: 90_000 })
      expect(await result.getAttribute('data-tone'), await result.innerText()).toBe('good')
      await page.locator('.sequence .state', { hasText: 'APPROVED' }).waitFor()
    }
  }, 400_000)

  it('leads to the test of each promise', async () => {
    for (const scene of await page.locator('[data-scene]').all()) {
      await scene.click()
      const link = page.locator('.scene a[href^="/lab/source/"]')
      const response = await fetch(new URL((await link.getAttribute('href')) ?? '', lab))
      expect(response.status).toBe(200)
      expect(await response.text()).toContain(await link.innerText())
    }
  })
})

describe('the moving picture', () => {
  it('shows a scene from its beginning to its end, and is small enough for a README', async () => {
    const screen = await openLab(browser, lab, { viewport: { width: 940, height: 1000 } })
    await letPeopleOrder(2)
    const bytes = await recordScene(screen.page, 'billing-dies')
    await writeFile(join(pictures, 'lab.gif'), bytes)
    expect(bytes.subarray(0, 6).toString('latin1')).toBe('GIF89a')
    expect(bytes.length).toBeGreaterThan(50_000)
    expect(bytes.length).toBeLessThan(1_500_000)
    await page.getByRole('button', { name: 'Send them home' }).click()
    await screen.close()
  })
})

describe('by the keyboard alone', () => {
  it('one kills a service, mends it, and plays a scene', async () => {
    await page.reload()
    await page.locator('.picture .box').first().waitFor()
    await tabTo(page, 'Box or arrow')
    await page.keyboard.type('notif')
    await tabTo(page, 'For how long')
    await page.keyboard.press('End')
    await tabTo(page, 'Kill notification')
    await page.keyboard.press('Enter')
    await boxIs(page, 'notification', 'down')
    await page.locator('.left', { hasText: /(5\d|60) s left/ }).waitFor()
    await tabTo(page, 'Mend all')
    await page.keyboard.press('Enter')
    await expectHealed(page, 'notification was killed')
    await tabTo(page, '2An answer is lost')
    await page.keyboard.press('Enter')
    await tabTo(page, 'Play this scene')
    await page.keyboard.press('Enter')
    await page.locator('.playing').waitFor()
    await page.locator('.scene .result[data-tone="good"]').waitFor({ timeout: 90_000 })
  })
})

describe.each([
  ['light', 390],
  ['dark', 390],
  ['light', 1280],
  ['dark', 1280],
] as const)('%s and %i wide', (colorScheme, width) => {
  it('pleases axe, fits its window, and breaks no policy, whole and in mid-fault', async () => {
    const other = await openLab(browser, lab, { colorScheme, viewport: { width, height: 900 } })
    const look = async () => {
      const fits = await other.page.evaluate<boolean>(
        'document.documentElement.scrollWidth <= document.documentElement.clientWidth',
      )
      return [...(await axeFindings(other.page)), ...(fits ? [] : ['wider than its window'])]
    }
    const whole = colorScheme === 'light' ? 'lab-light' : 'lab-dark'
    await other.page.locator('.verdict', { hasText: 'They agree' }).waitFor()
    await other.page.locator('.scenes').waitFor()
    expect(await look()).toEqual([])
    if (width === 1280) await takePicture(other.page, pictures, whole)
    await letPeopleOrder(6)
    await breakIt(other.page, 'kill:billing', 30)
    await breakIt(other.page, 'delay:gateway>user', 30)
    await boxIs(other.page, 'billing', 'down')
    await other.page
      .locator('.figures [data-tone="heal"] dd', { hasText: /^[1-9]/ })
      .first()
      .waitFor()
    await other.page.getByText('The picture as a table').click()
    expect(await look()).toEqual([])
    await other.page.getByText('The picture as a table').click()
    await other.page.evaluate('scrollTo(0, 0)')
    if (width === 1280 && colorScheme === 'light') {
      await takePicture(other.page, pictures, 'lab-mid-fault', false)
    }
    if (width === 390 && colorScheme === 'light') {
      await takePicture(other.page, pictures, 'lab-phone', false)
    }
    await mendAll(other.page)
    await expectHealed(other.page, 'billing was killed')
    expect(other.complaints).toEqual([])
    await other.close()
  })
})

describe('who asks for less motion', () => {
  it('sees no dot move', async () => {
    const still = await openLab(browser, lab, { reducedMotion: 'reduce' })
    await letPeopleOrder(6)
    await page.locator('.traffic circle').first().waitFor({ state: 'attached' })
    expect(await still.page.locator('.traffic circle').count()).toBe(0)
    await still.close()
  })
})

describe('the way to the lab', () => {
  it('is on the front page and in the console', async () => {
    const { page: other, close } = await openLab(browser, lab)
    await other.goto(gateway)
    expect(
      await other.getByRole('link', { name: 'Break it in the lab' }).getAttribute('href'),
    ).toBe(lab)
    await other.goto(`${gateway}/console`)
    await other.getByRole('link', { name: 'Lab', exact: true }).click()
    await other.getByRole('heading', { name: 'Break it, and watch it heal' }).waitFor()
    await close()
  })
})

describe('a lab that has ended', () => {
  it('is told in words, and nothing was complained of before', async () => {
    expect(visit.complaints).toEqual([])
    await launcher.interrupt()
    await page.locator('.broken', { hasText: 'The lab does not answer' }).waitFor()
    await page.getByRole('button', { name: 'Mend all' }).click()
    await page.locator('.act-trouble', { hasText: 'Is it still running?' }).waitFor()
  })
})
