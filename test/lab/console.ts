import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { watch } from './visit.ts'

/** Uses the console as a person does. */
export interface ConsoleVisit {
  readonly page: Page
  /** Errors, violations of the policy, requests to other hosts: there must be none. */
  readonly complaints: string[]
  readonly close: () => Promise<void>
}

export interface Login {
  readonly username: string
  readonly password: string
}

/** What the focus is on, by the name that a screen reader would say. */
const focusedScript = `(() => {
  const element = document.activeElement
  const label = element?.labels?.[0]?.textContent
  return (element?.getAttribute('aria-label') ?? label ?? element?.textContent ?? '').trim()
})()`

const mostStops = 60

/** Presses Tab until the focus is on what has that name: so it can be reached by the keyboard. */
export const tabTo = async (page: Page, name: string): Promise<void> => {
  const passed: string[] = []
  for (let stop = 0; stop < mostStops; stop += 1) {
    await page.keyboard.press('Tab')
    const focused = await page.evaluate<string>(focusedScript)
    if (focused === name) return
    passed.push(focused)
  }
  throw new Error(`the keyboard does not lead to ${name}, but to ${passed.join(', ')}`)
}

export const openConsole = async (
  browser: Browser,
  origin: string,
  options: BrowserContextOptions = {},
): Promise<ConsoleVisit> => {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 900 },
    locale: 'en-GB',
    timezoneId: 'Europe/Moscow',
    ...options,
  })
  const page = await context.newPage()
  const complaints = watch(page, origin)
  await page.goto(`${origin}/console`)
  return { page, complaints, close: () => context.close() }
}

/** Signs in without a pointer: the way to the issuer and back is the real one. */
export const signInByKeyboard = async (page: Page, { username, password }: Login) => {
  await page.getByRole('button', { name: 'Sign in' }).waitFor()
  await tabTo(page, 'Sign in')
  await page.keyboard.press('Enter')
  await page.getByLabel('Username').waitFor()
  await page.getByLabel('Username').focus()
  await page.keyboard.type(username)
  await tabTo(page, 'Password')
  await page.keyboard.type(password)
  await page.keyboard.press('Enter')
  await page.getByRole('button', { name: 'Sign out' }).waitFor()
}

/** Shows another page of the console, as a link to it does. */
export const showPage = (page: Page, path: string) =>
  page.evaluate(`location.hash = ${JSON.stringify(path)}`)

/** The story beside the picture, for those who do not see it. */
export const storyOn = async (page: Page): Promise<string[]> => {
  const sentences = await page.locator('.sequence ol li').allTextContents()
  return sentences.map((sentence) => sentence.replaceAll('\u00a0', ' '))
}
