import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { axeFindings } from '../lab/axe.ts'
import { launchBrowser, screenshotsFolder } from '../lab/browser.ts'
import {
  openConsole,
  showPage,
  signInByKeyboard,
  storyOn,
  tabTo,
  type Login,
} from '../lab/console.ts'
import { createPeople, type ConsolePerson } from '../lab/console-people.ts'
import { makeOperator } from '../lab/system-access.ts'
import { startSystem, type System } from '../lab/system.ts'
import { takePicture } from '../lab/visit.ts'
import { eventually } from '../lab/wait.ts'

/** Every page of the console in a real browser, while services fail, and by those who may not. */
vi.setConfig({ testTimeout: 120_000 })

let system: System
let browser: Browser
let origin: string
let pictures: string
let people: ReturnType<typeof createPeople>
let masha: ConsolePerson

beforeAll(async () => {
  ;[system, browser, pictures] = await Promise.all([
    startSystem(),
    launchBrowser(),
    screenshotsFolder(),
  ])
  origin = system.urls.gateway
  people = createPeople(origin)
}, 90_000)
afterAll(async () => {
  await browser?.close()
  await system?.stop()
})
beforeEach(async () => {
  await system.start('billing')
  masha = await people.newPerson({ balance: 500_000 })
})

const newOperator = () =>
  makeOperator({ url: () => system.urls.identity, database: system.databases.identity ?? '' })

const openSignedIn = async (person: Login, options = {}) => {
  const visit = await openConsole(browser, origin, options)
  await signInByKeyboard(visit.page, person)
  return visit
}

const isAsWideAsItsWindow = (page: Page) =>
  page.evaluate<boolean>(
    'document.documentElement.scrollWidth <= document.documentElement.clientWidth',
  )

describe('the picture of an order', () => {
  it('shows how recovery healed it, and who asked in vain before', async () => {
    await system.kill('billing')
    const id = await people.order(masha, 15_000, 'Two tickets')
    await system.start('billing')
    const { page, complaints, close } = await openSignedIn(masha)
    await showPage(page, `/orders/${id}`)
    await page.locator('.title .badge', { hasText: 'approved' }).waitFor()
    await page.locator('.live', { hasText: 'settled' }).waitFor()
    const story = await storyOn(page)
    expect(story[1]).toMatch(/^order asks billing: Take 150\.00 ₽ → no answer/)
    const healed = story.findIndex((each) =>
      /^Recovery, attempt \d+: order asks billing: Take 150\.00 ₽ → done/.test(each),
    )
    expect(story[healed + 1]).toBe('order stores: APPROVED.')
    // The payment and then the letter.
    expect(await page.locator('.call[data-recovery="true"][data-outcome="done"]').count()).toBe(2)
    expect(await page.locator('.call[data-outcome="unknown"] .cross').count()).toBeGreaterThan(0)
    await page.getByText('Hooray! Your order for 150.00 ₽ is paid').waitFor()
    await takePicture(page, pictures, 'console-order')
    await page.emulateMedia({ colorScheme: 'dark' })
    await page.setViewportSize({ width: 390, height: 844 })
    await takePicture(page, pictures, 'console-order-phone-dark')
    expect(complaints).toEqual([])
    await close()
  })

  it('has a new price and a cancellation in it, both made on the page', async () => {
    const id = await people.order(masha, 15_000, 'Two tickets')
    const { page, complaints, close } = await openSignedIn(masha)
    await showPage(page, `/orders/${id}`)
    await page.getByRole('button', { name: 'Change the price' }).waitFor()
    await tabTo(page, 'Change the price')
    await page.keyboard.press('Enter')
    await page.getByLabel('New price, ₽').fill('175,50')
    await page.keyboard.press('Enter')
    await page.locator('.sequence .state', { hasText: 'NOW 175.50' }).waitFor()
    await page.getByRole('button', { name: 'Cancel the order' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel the order' }).click()
    await page.locator('.sequence .state', { hasText: 'CANCELLED' }).waitFor()
    await page.getByText('Your order is cancelled').waitFor()
    expect((await storyOn(page)).filter((each) => each.startsWith('You'))).toEqual([
      'You ask order: Order for 150.00 ₽.',
      'You ask order: Make it 175.50 ₽.',
      'You ask order: Cancel it.',
    ])
    await showPage(page, '/')
    await page.locator('.balance .amount', { hasText: '5,000.00' }).waitFor()
    await takePicture(page, pictures, 'console-overview')
    expect(complaints).toEqual([])
    await close()
  })
})

describe('the picture of an undecided order', () => {
  /** One second is promised. The rest is for a machine that other tests keep busy. */
  const soonMs = 1_500

  it('grows within a second, until all is settled', async () => {
    await system.kill('billing')
    const id = await people.order(masha, 15_000, 'Two tickets')
    const { page, close } = await openSignedIn(masha)
    await showPage(page, `/orders/${id}`)
    await page.locator('.live[data-state="live"]').waitFor()
    await page.locator('.sequence .waiting').waitFor()
    const asked: string[] = []
    page.on('request', (request) => asked.push(new URL(request.url()).pathname))
    const attempts = page.locator('.call[data-recovery="true"]')
    const before = await attempts.count()
    await expect.poll(() => attempts.count(), { timeout: 20_000 }).toBeGreaterThan(before)
    await system.start('billing')
    // What the gateway tells is compared with what the page shows, at short intervals.
    const decided = eventually(
      async () => {
        const { status } = await people.ask('GET', `/orders/${id}`, masha.token)
        expect(status).toBe('APPROVED')
        return performance.now()
      },
      { withinMs: 30_000, everyMs: 20 },
    )
    await page.locator('.sequence .state', { hasText: 'APPROVED' }).waitFor()
    const shownMs = performance.now()
    expect(shownMs - (await decided)).toBeLessThan(soonMs)
    await page.locator('.live[data-state="settled"]').waitFor()
    await page.getByText('Hooray! Your order for 150.00 ₽ is paid').waitFor()
    // It was told by the stream: the page did not ask for the order again and again.
    expect(asked.filter((path) => path === `/orders/${id}`)).toEqual([])
    await close()
  })

  it('asks for nothing while nobody looks', async () => {
    await system.kill('billing')
    const id = await people.order(masha, 15_000, 'Two tickets')
    const { page, close } = await openSignedIn(masha)
    await showPage(page, `/orders/${id}`)
    await page.locator('.live[data-state="live"]').waitFor()
    const ended = page.waitForEvent('requestfailed', (request) =>
      request.url().endsWith(`/console/live/orders/${id}`),
    )
    const hide = (isHidden: boolean) =>
      page.evaluate(`(() => {
        Object.defineProperty(document, 'hidden', { configurable: true, value: ${isHidden} })
        document.dispatchEvent(new Event('visibilitychange'))
      })()`)
    await hide(true)
    await ended
    await system.start('billing')
    await hide(false)
    await page.locator('.live[data-state="settled"]').waitFor()
    expect(await storyOn(page)).toContain('order stores: APPROVED.')
    await close()
  })
})

describe('an operator', () => {
  it('sees what runs and what is stuck and why, and has it tried at once', async () => {
    const operator = await newOperator()
    await system.kill('billing')
    const id = await people.order(masha, 15_000, 'Two tickets')
    const { page, close } = await openSignedIn(operator)
    await page.getByRole('link', { name: 'Operations' }).click()
    const owed = page.locator('.owed li', { hasText: id })
    await owed.getByText(/^withdraw: \w/).waitFor()
    await page.locator('tr', { hasText: 'billing' }).getByText('not ready').waitFor()
    await page.locator('tr', { hasText: 'company' }).getByText('ready', { exact: true }).waitFor()
    await takePicture(page, pictures, 'console-operations')
    await system.start('billing')
    await eventually(async () => {
      if ((await owed.count()) === 0) return
      await owed.getByRole('button', { name: 'Try now' }).click({ timeout: 1_000 })
      expect(await owed.count()).toBe(0)
    })
    await page.getByLabel(/^Any id/).fill(id)
    await page.keyboard.press('Enter')
    await page.locator('.finds').getByRole('link', { name: id }).first().click()
    await page.getByRole('heading', { name: 'Two tickets' }).waitFor()
    await page.locator('.facts', { hasText: masha.id }).waitFor()
    await close()
  })

  it('is who sees that page: a person finds nothing there', async () => {
    const { page, complaints, close } = await openSignedIn(masha)
    expect(await page.getByRole('link', { name: 'Operations' }).count()).toBe(0)
    await showPage(page, '/operations')
    await page.getByRole('heading', { name: 'There is nothing here' }).waitFor()
    expect(complaints).toEqual([])
    await close()
  })
})

describe('a booking', () => {
  it('is found, booked, drawn and cancelled', async () => {
    const owner = await people.newPerson()
    await people.offer(owner, 'A haircut with Anna', 25_000)
    const { page, complaints, close } = await openSignedIn(masha)
    await page.getByRole('link', { name: 'Book', exact: true }).click()
    await page.getByLabel('What').fill('haircut anna')
    await page.keyboard.press('Enter')
    await page
      .getByRole('button', { name: /^Book for .* A haircut with Anna/ })
      .first()
      .click()
    await page.getByRole('heading', { name: 'A haircut with Anna', level: 1 }).waitFor()
    await page.locator('.sequence .state', { hasText: 'PAID' }).waitFor()
    await page.getByRole('button', { name: 'Cancel the booking' }).click()
    await page.getByLabel('Why').fill('A cold')
    await page.keyboard.press('Enter')
    await page.locator('.sequence .state', { hasText: 'CANCELLED' }).waitFor()
    await page.getByText('Your booking of “A haircut with Anna” is cancelled').waitFor()
    expect(complaints).toEqual([])
    // The statement names what was paid for by its id alone: the page asks whether it is an order.
    await showPage(page, '/')
    await page.getByRole('link', { name: 'Given back' }).click()
    await page.getByRole('heading', { name: 'A haircut with Anna', level: 1 }).waitFor()
    await close()
  })
})

describe('somebody else', () => {
  it('sees nothing of an order, and is told as if it did not exist', async () => {
    const id = await people.order(masha, 15_000, 'A secret present')
    const { page, close } = await openSignedIn(await people.newPerson())
    await showPage(page, `/orders/${id}`)
    await page.getByText('There is no such order').waitFor()
    expect(await page.getByText('A secret present').count()).toBe(0)
    await showPage(page, `/bookings/${id}`)
    await page.getByText('There is no such booking').waitFor()
    await close()
  })

  it('sees the same when they are not signed in, and comes to the order afterwards', async () => {
    const id = await people.order(masha, 15_000, 'A secret present')
    const { page, complaints, close } = await openConsole(browser, origin)
    await page.goto(`${origin}/console#/orders/${id}`)
    await signInByKeyboard(page, masha)
    await page.getByRole('heading', { name: 'A secret present' }).waitFor()
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByRole('heading', { name: 'Watch your order happen' }).waitFor()
    const kept = await page.evaluate<string>(
      'JSON.stringify({ ...sessionStorage, ...localStorage })',
    )
    expect(kept).toBe('{}')
    expect(complaints).toEqual([])
    await close()
  })
})

describe('a session', () => {
  it('goes on with the refresh token, and with one refresh for all who wait', async () => {
    const { page, complaints, close } = await openSignedIn(masha)
    const refreshes: string[] = []
    page.on('request', (request) => {
      if (request.url().endsWith('/identity/token')) refreshes.push(request.url())
    })
    await page.evaluate(`(() => {
      const tokens = JSON.parse(sessionStorage.getItem('orderly.tokens'))
      sessionStorage.setItem('orderly.tokens', JSON.stringify({ ...tokens, endsAtMs: 0 }))
    })()`)
    await page.reload()
    await page.locator('.balance .amount', { hasText: '5,000.00' }).waitFor()
    await page.getByText('Nothing booked yet').waitFor()
    expect(refreshes).toHaveLength(1)
    expect(complaints).toEqual([])
    await close()
  })

  it('that was ended elsewhere is told, and nothing is shown any more', async () => {
    const { page, close } = await openSignedIn(masha)
    await page.evaluate(`(() => {
      const tokens = JSON.parse(sessionStorage.getItem('orderly.tokens'))
      const spoiled = { ...tokens, refreshToken: 'nobody-knows-it', endsAtMs: 0 }
      sessionStorage.setItem('orderly.tokens', JSON.stringify(spoiled))
    })()`)
    await page.reload()
    await page.getByText('Your session has ended').waitFor()
    expect(await page.locator('.balance').count()).toBe(0)
    await close()
  })
})

describe('trouble', () => {
  it('is told with its title, its detail and the id of the request', async () => {
    const { page, close } = await openSignedIn(masha)
    await system.kill('billing')
    await page.reload()
    const trouble = page.locator('.balance .trouble')
    await trouble.getByText('A service behind this one did not answer').waitFor()
    expect(await trouble.locator('code').innerText()).toMatch(/^[\da-f-]{36}$/)
    await system.start('billing')
    await eventually(async () => {
      await page.reload()
      await page.locator('.balance .amount', { hasText: '5,000.00' }).waitFor({ timeout: 2_000 })
    })
    await close()
  })

  it('of a name that is taken is over with another name', async () => {
    const { page, close } = await openConsole(browser, origin)
    const name = `free-${Date.now().toString(36)}`
    await page.getByRole('button', { name: 'Create an account' }).click()
    await page.getByLabel('Username').fill(masha.username)
    await page.getByLabel('Email').fill(`${name}@example.com`)
    await page.getByLabel('Password').fill('long enough for everybody')
    const create = page.getByRole('button', { name: 'Create it, then sign in' })
    await create.click()
    await page.locator('.trouble', { hasText: 'taken' }).waitFor()
    await page.getByLabel('Username').fill(name)
    await create.click()
    await page.waitForURL(/\/identity\//)
    expect(await page.locator('.trouble').count()).toBe(0)
    await close()
  })

  it('of a refused order leads to the picture of the refusal', async () => {
    const poor = await people.newPerson()
    const { page, close } = await openSignedIn(poor)
    await page.getByLabel('Price, ₽').fill('10')
    await page.keyboard.press('Enter')
    await page.getByText('There is not enough money on the account').waitFor()
    await page.getByRole('link', { name: 'See what happened to it' }).click()
    await page.locator('.sequence .state', { hasText: 'REJECTED' }).waitFor()
    expect((await storyOn(page))[1]).toMatch(/→ refused/)
    await close()
  })
})

describe.each([
  ['light', 390],
  ['dark', 390],
  ['light', 1280],
  ['dark', 1280],
  ['light', 1720],
] as const)('every page, %s and %i wide,', (colorScheme, width) => {
  it('pleases axe, fits its window, and breaks no policy', async () => {
    const id = await people.order(masha, 15_000, 'Two tickets')
    const refused = await people.order(masha, 99_000_000, 'A castle')
    await people.offer(await people.newPerson(), 'A haircut with Anna', 25_000)
    const viewport = { width, height: 900 }
    const visit = await openConsole(browser, origin, { colorScheme, viewport })
    const { page, complaints, close } = visit
    const found: Record<string, unknown> = {}
    const look = async (name: string) => {
      const findings = await axeFindings(page)
      const fits = await isAsWideAsItsWindow(page)
      if (findings.length > 0 || !fits) found[name] = { findings, fits }
    }
    await page.getByRole('button', { name: 'Create an account' }).click()
    await page.getByLabel('Password').waitFor()
    await look('sign-up')
    await page.reload()
    const looker = await newOperator()
    await signInByKeyboard(page, looker)
    await showPage(page, '/operations')
    await page.locator('tr', { hasText: 'gateway' }).waitFor()
    await look('operations')
    await page.context().clearCookies()
    await page.evaluate('sessionStorage.clear()')
    await page.goto(`${origin}/console`)
    await page.reload()
    await signInByKeyboard(page, masha)
    await page.getByText('Nothing booked yet').waitFor()
    await page.locator('.letter').first().waitFor()
    await look('overview')
    for (const [name, path, sign] of [
      ['order', `/orders/${id}`, '.sequence .state'],
      ['refused', `/orders/${refused}`, '.sequence .state'],
      ['offers', '/offers', '.offer'],
      ['nothing', '/nowhere', '.empty'],
    ] as const) {
      await showPage(page, path)
      await page.locator(sign).first().waitFor()
      await look(name)
    }
    await showPage(page, `/orders/${id}`)
    await page.getByRole('button', { name: 'Change the price' }).click()
    await look('dialogue')
    expect(found).toEqual({})
    expect(complaints).toEqual([])
    await close()
  })
})

describe('the policy', () => {
  it.each(['/console', '/console/'])('of %s allows only what comes from here', async (path) => {
    const { headers } = await fetch(`${origin}${path}`)
    const policy = headers.get('content-security-policy') ?? ''
    expect(policy).toContain("script-src 'self';")
    expect(policy).toContain("default-src 'none'")
    expect(policy).not.toContain('unsafe')
  })
})
