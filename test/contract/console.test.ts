import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { launchBrowser } from '../lab/browser.ts'
import { openConsole, signInByKeyboard, storyOn, tabTo } from '../lab/console.ts'
import { createPeople } from '../lab/console-people.ts'
import { startSystem, type System } from '../lab/system.ts'

/** The console in a real browser, in short. The rest is in console.campaign.test.ts. */
// A browser is slow on a busy machine with two cores.
vi.setConfig({ testTimeout: 60_000 })

let system: System
let browser: Browser

beforeAll(async () => {
  ;[system, browser] = await Promise.all([startSystem(), launchBrowser()])
}, 90_000)
afterAll(async () => {
  await browser?.close()
  await system?.stop()
})

describe('the console', () => {
  it('signs in, places an order and shows how it went, by the keyboard alone', async () => {
    const origin = system.urls.gateway
    const person = await createPeople(origin).newPerson({ balance: 100_000 })
    const { page, complaints, close } = await openConsole(browser, origin)
    await signInByKeyboard(page, person)
    expect(new URL(page.url()).search).toBe('')
    await page.getByText('1,000.00').first().waitFor()

    await tabTo(page, 'What')
    await page.keyboard.type('Two tickets')
    await page.keyboard.press('Tab')
    await page.keyboard.type('150')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'Two tickets' }).waitFor()
    await page.getByText('Hooray! Your order for 150.00 ₽ is paid').waitFor()
    await page.locator('.sequence .state', { hasText: 'APPROVED' }).waitFor()
    expect(await storyOn(page)).toEqual([
      'You ask order: Order for 150.00 ₽.',
      expect.stringMatching(/^order asks billing: Take 150.00 ₽ → done · \d+ ms\.$/),
      'order stores: APPROVED.',
      expect.stringMatching(/^order asks notification: Write the letter → done · \d+ ms\.$/),
    ])
    expect(complaints).toEqual([])
    await close()
  })
})
