import { join } from 'node:path'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'

/** A page in a real browser, and what it complains of. */
export interface Visit {
  readonly page: Page
  /** Errors in the console and requests to other hosts: there must be none. */
  readonly complaints: string[]
}

const patienceMs = 30_000

export const watch = (page: Page, ...origins: readonly string[]): string[] => {
  page.setDefaultTimeout(patienceMs)
  const complaints: string[] = []
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('request', (request) => {
    const asked = request.url()
    const isExpected = asked.startsWith('data:') || origins.includes(new URL(asked).origin)
    if (!isExpected) complaints.push(asked)
  })
  return complaints
}

export const visit = async (
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<Visit> => {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, ...options })
  const complaints = watch(page, new URL(url).origin)
  await page.goto(url)
  return { page, complaints }
}

export const takePicture = (page: Page, folder: string, name: string, fullPage = true) =>
  page.screenshot({ path: join(folder, `${name}.png`), fullPage })

/** Chooses one of the contracts that Swagger UI shows. */
export const chooseContract = async (page: Page, name: string) => {
  await page.locator('.topbar select').selectOption({ label: name })
  await page.locator('.info .title', { hasText: name }).waitFor()
}
