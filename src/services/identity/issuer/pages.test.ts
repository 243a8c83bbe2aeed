import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import * as oidc from 'openid-client'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { launchBrowser, screenshotsFolder } from '../../../../test/lab/browser.ts'
import { startIdentity, type Identity, type TestLogin } from '../../../../test/lab/identity.ts'

/** A real browser: it enforces the policies that the pages send, and shows how they look. */
let identity: Identity
let client: oidc.Configuration
let browser: Browser
let masha: TestLogin
let folder: string
/** A program on the same machine that waits for a code, as RFC 8252 has it. */
let app: { readonly url: string; readonly close: () => void }

const startApp = async () => {
  const server = createServer((_request, response) => {
    response.setHeader('content-type', 'text/html').end('<h1>Welcome back</h1>')
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/callback`,
    close: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}

beforeAll(async () => {
  identity = await startIdentity()
  const options = { execute: [oidc.allowInsecureRequests] }
  const issuer = new URL(identity.issuer)
  client = await oidc.discovery(issuer, 'orderly', undefined, oidc.None(), options)
  browser = await launchBrowser()
  folder = await screenshotsFolder()
  app = await startApp()
})
afterAll(async () => {
  app.close()
  await browser.close()
})
beforeEach(async () => {
  masha = await identity.makeLogin()
})

const flowAddress = async (verifier = oidc.randomPKCECodeVerifier()) =>
  oidc.buildAuthorizationUrl(client, {
    redirect_uri: app.url,
    scope: 'openid email profile',
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
  }).href

const openPage = async (options: BrowserContextOptions = {}) => {
  const context = await browser.newContext({ javaScriptEnabled: false, ...options })
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('console', (message) => complaints.push(message.text()))
  return { page, complaints, close: () => context.close() }
}

const signIn = async (
  page: Page,
  { username, password }: Pick<TestLogin, 'username' | 'password'>,
) => {
  await page.getByLabel('Username').fill(username)
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Sign in' }).click()
}

const isAsWideAsItsWindow = (page: Page) =>
  page.evaluate<boolean>(
    'document.documentElement.scrollWidth <= document.documentElement.clientWidth',
  )

/** Runs in the page: the contrast of a text to what is behind it, as WCAG counts it. */
const contrastScript = (selector: string) => `(() => {
  const numbers = (text) => (text.match(/[\\d.]+/g) ?? []).map(Number)
  const luminance = (color) => {
    const [red, green, blue] = numbers(color).map((value) =>
      value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
  }
  const element = document.querySelector(${JSON.stringify(selector)})
  let behind = element
  const colorOf = (each) => getComputedStyle(each).backgroundColor
  while (behind.parentElement && numbers(colorOf(behind))[3] === 0) behind = behind.parentElement
  const both = [getComputedStyle(element).color, colorOf(behind)].map(luminance)
  return (Math.max(...both) + 0.05) / (Math.min(...both) + 0.05)
})()`

describe('in a real browser without scripts', () => {
  it('a person signs in, gets back to the app, and signs out', async () => {
    const verifier = oidc.randomPKCECodeVerifier()
    const { page, complaints, close } = await openPage()
    await page.goto(await flowAddress(verifier))
    expect(await page.title()).toBe('Sign in · orderly')
    await signIn(page, { ...masha, password: 'not it' })
    await expect(page.getByRole('alert').textContent()).resolves.toBe(
      'The name or the password is wrong.',
    )
    expect(await page.getByLabel('Username').inputValue()).toBe(masha.username)
    expect(await page.getByLabel('Password').inputValue()).toBe('')
    await signIn(page, masha)
    await page.getByText('Welcome back').waitFor()
    const tokens = await oidc.authorizationCodeGrant(client, new URL(page.url()), {
      pkceCodeVerifier: verifier,
    })
    expect(tokens.claims()?.sub).toBe(masha.userId)
    const leave = oidc.buildEndSessionUrl(client, {
      id_token_hint: tokens.id_token!,
      post_logout_redirect_uri: app.url,
    })
    await page.goto(leave.href)
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByText('Welcome back').waitFor()
    await page.goto(await flowAddress())
    await page.getByRole('heading', { name: 'Sign in' }).waitFor()
    expect(complaints.filter((text) => !/40[14]/.test(text))).toEqual([])
    await close()
  })

  it('the cursor is where something is to be typed', async () => {
    const { page, close } = await openPage()
    const focused = () => page.locator(':focus').getAttribute('id')
    await page.goto(await flowAddress())
    expect(await focused()).toBe('username')
    await page.goto(`${await flowAddress()}&login_hint=${masha.username}`)
    expect(await focused()).toBe('password')
    expect(await page.getByLabel('Username').inputValue()).toBe(masha.username)
    await close()
  })

  it('somebody who is signed in as another is asked, and then is who they are', async () => {
    const other = await identity.makeLogin()
    const { page, close } = await openPage()
    await page.goto(await flowAddress())
    await signIn(page, masha)
    await page.getByText('Welcome back').waitFor()
    const verifier = oidc.randomPKCECodeVerifier()
    await page.goto(`${await flowAddress(verifier)}&prompt=login`)
    await signIn(page, other)
    await page.getByRole('button', { name: 'Go on' }).click()
    await page.getByText('Welcome back').waitFor()
    const tokens = await oidc.authorizationCodeGrant(client, new URL(page.url()), {
      pkceCodeVerifier: verifier,
    })
    expect(tokens.claims()?.sub).toBe(other.userId)
    await close()
  })
})

describe('the sign-in page', () => {
  const phone = { viewport: { width: 320, height: 640 } }
  const desk = { viewport: { width: 1280, height: 800 } }

  it.each<[string, BrowserContextOptions]>([
    ['sign-in-page', { ...desk, colorScheme: 'light' }],
    ['sign-in-page-dark', { ...desk, colorScheme: 'dark' }],
    ['sign-in-page-phone', { ...phone, colorScheme: 'light' }],
    ['sign-in-page-phone-dark', { ...phone, colorScheme: 'dark' }],
  ])('fits its window, and is written to %s.png', async (name, options) => {
    const { page, close } = await openPage(options)
    await page.goto(await flowAddress())
    await page.screenshot({ path: join(folder, `${name}.png`) })
    expect(await isAsWideAsItsWindow(page)).toBe(true)
    await signIn(page, { ...masha, password: 'not it' })
    await page.getByRole('alert').waitFor()
    expect(await isAsWideAsItsWindow(page)).toBe(true)
    await close()
  })

  it('has colours that can be read, in light and in dark', async () => {
    for (const colorScheme of ['light', 'dark'] as const) {
      const { page, close } = await openPage({ colorScheme })
      await page.goto(await flowAddress())
      await signIn(page, { ...masha, password: 'not it' })
      for (const selector of ['h1', 'label', 'button', '.message', 'footer', 'footer a', 'input']) {
        const ratio = await page.evaluate<number>(contrastScript(selector))
        expect(ratio, `${selector} in ${colorScheme}`).toBeGreaterThanOrEqual(4.5)
      }
      await close()
    }
  })
})
