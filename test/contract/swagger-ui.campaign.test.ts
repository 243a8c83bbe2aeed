import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { registry } from '../../src/registry.ts'
import { launchBrowser, screenshotsFolder } from '../lab/browser.ts'
import { startSystem, type System } from '../lab/system.ts'
import { chooseContract, takePicture, visit as visitIn } from '../lab/visit.ts'

/** Opens the pages in a real browser, by the address that people use and by another one. */
const otherHost = 'http://arch.homework'
const services = registry.gateway.upstreams
/** The gateway has one as well, for its own routes. */
const described = [...services, 'gateway'] as const

// A browser is slow on a busy machine with two cores.
vi.setConfig({ testTimeout: 60_000 })

let system: System
let browser: Browser
let pictures: string

beforeAll(async () => {
  ;[system, pictures] = await Promise.all([
    startSystem({ env: { PUBLIC_HOSTS: new URL(otherHost).hostname } }),
    screenshotsFolder(),
  ])
  browser = await launchBrowser({
    hostRules: `MAP arch.homework 127.0.0.1:${new URL(system.urls.gateway).port}`,
  })
}, 90_000)
afterAll(async () => {
  await browser?.close()
  await system?.stop()
})

const visit = (url: string, options?: BrowserContextOptions) => visitIn(browser, url, options)

const isFragment = (link: string) => link.startsWith('#')

const picture = (page: Page, name: string, fullPage?: boolean) =>
  takePicture(page, pictures, name, fullPage)

const expectAllReady = async (page: Page) => {
  for (const name of [...services, 'gateway']) {
    const light = page.locator(`#health li[data-service="${name}"]`)
    await light.locator('text=/^ready$/').waitFor()
    expect(await light.getAttribute('data-state')).toBe('ready')
  }
}

describe('the front page', () => {
  it.each([
    ['in the light', { colorScheme: 'light' as const }, 'front-page'],
    ['in the dark', { colorScheme: 'dark' as const }, 'front-page-dark'],
    [
      'on a phone',
      { viewport: { width: 375, height: 812 }, deviceScaleFactor: 2 },
      'front-page-phone',
    ],
  ])('shows that every service is ready, %s', async (_where, options, name) => {
    const { page, complaints } = await visit(`${otherHost}/`, options)
    await expectAllReady(page)
    const { scrollWidth, clientWidth } = (await page.evaluate(
      'Object.fromEntries(["scrollWidth", "clientWidth"].map((key) => [key, document.documentElement[key]]))',
    )) as { scrollWidth: number; clientWidth: number }
    expect(scrollWidth).toBe(clientWidth)
    expect(complaints).toEqual([])
    await picture(page, name, name !== 'front-page-phone')
    await page.close()
  })

  it('leads to Swagger UI, to the scenario, to the contracts and to the health', async () => {
    const { page, complaints } = await visit(system.urls.gateway)
    await expectAllReady(page)
    expect(complaints).toEqual([])
    const links = await page
      .locator('a')
      .evaluateAll((all) => all.map((link) => link.getAttribute('href') ?? ''))
    expect(links).toEqual(
      expect.arrayContaining([
        '/docs',
        '#scenario',
        '/healthz',
        '/readyz',
        ...described.map((name) => `/openapi/${name}.json`),
      ]),
    )
    const [within, elsewhere] = [
      links.filter(isFragment),
      links.filter((link) => !isFragment(link)),
    ]
    for (const link of within) expect(await page.locator(link).count(), link).toBe(1)
    for (const link of new Set(elsewhere)) {
      expect((await fetch(new URL(link, system.urls.gateway))).status, link).toBe(200)
    }
    await page.close()
  })

  it('shows the scenario with the address that it was reached by, ready to be copied', async () => {
    const { page, complaints } = await visit(`${otherHost}/#scenario`)
    const samples = await page.locator('#scenario pre').allTextContents()
    expect(samples[0]).toContain(`base=${otherHost}\n`)
    await page.getByRole('button', { name: 'Copy all steps' }).click()
    await page.getByRole('button', { name: 'Copied' }).waitFor()
    // To see what was copied, paste it.
    await page.evaluate('document.body.append(document.createElement("textarea"))')
    await page.locator('textarea').focus()
    await page.keyboard.press('Control+V')
    expect(await page.locator('textarea').inputValue()).toBe(samples.join('\n\n'))
    expect(complaints).toEqual([])
    await page.close()
  })

  it('draws every call that the registry allows and no other', async () => {
    const { page } = await visit(system.urls.gateway)
    const drawn = await page
      .locator('svg [data-from]')
      .evaluateAll((all) =>
        all.map((edge) => `${edge.getAttribute('data-from')} → ${edge.getAttribute('data-to')}`),
      )
    const allowed = Object.entries(registry).flatMap(([from, { upstreams }]) =>
      upstreams.map((to) => `${from} → ${to}`),
    )
    expect(drawn.toSorted()).toEqual(allowed.toSorted())
    await page.close()
  })

  it('says which service is not ready', async () => {
    const { page } = await visit(system.urls.gateway)
    await expectAllReady(page)
    await page.route('**/readyz', (route) =>
      route.fulfill({
        status: 503,
        json: {
          services: Object.fromEntries(
            services.map((name) => [name, name === 'billing' ? 'unavailable' : 'ready']),
          ),
        },
      }),
    )
    const light = page.locator('#health li[data-service="billing"]')
    await light.locator('text="not ready"').waitFor()
    expect(await page.locator('#health li[data-state="ready"]').count()).toBe(services.length)
    await page.close()
  })
})

describe('the health on the front page', () => {
  const stateOf = (page: Page, name: string) =>
    page.locator(`#health li[data-service="${name}"]`).getAttribute('data-state')
  /** Returns how long the page takes to show the state to a person. */
  const shownAfter = async (page: Page, name: string, state: string) => {
    const startMs = performance.now()
    await expect.poll(() => stateOf(page, name), { interval: 20, timeout: 10_000 }).toBe(state)
    return performance.now() - startMs
  }
  /** One second is promised. The rest is for a machine that other tests keep busy. */
  const soonMs = 1_500

  it('follows a service that is killed, one that hangs, and their return', async () => {
    const { page } = await visit(system.urls.gateway)
    await expectAllReady(page)
    await system.kill('billing')
    expect(await shownAfter(page, 'billing', 'down')).toBeLessThan(soonMs)
    expect(await stateOf(page, 'user')).toBe('ready')
    await system.start('billing')
    expect(await shownAfter(page, 'billing', 'ready')).toBeLessThan(soonMs)
    system.pause('order')
    expect(await shownAfter(page, 'order', 'down')).toBeLessThan(soonMs)
    system.resume('order')
    expect(await shownAfter(page, 'order', 'ready')).toBeLessThan(soonMs)
    await page.close()
  })

  it('says that the gateway does not answer, and that the state of the others is unknown', async () => {
    const { page } = await visit(system.urls.gateway)
    await expectAllReady(page)
    for (const [leave, comeBack] of [
      [() => system.kill('gateway'), () => system.start('gateway')],
      [() => system.pause('gateway'), () => system.resume('gateway')],
    ] as const) {
      await leave()
      expect(await shownAfter(page, 'gateway', 'silent')).toBeLessThan(soonMs)
      for (const name of services) expect(await stateOf(page, name), name).toBe('unknown')
      expect(await page.locator('#health li[data-service="user"] span').innerText()).toBe('unknown')
      expect(await page.locator('#health-summary').textContent()).toMatch(
        /^The gateway does not answer/,
      )
      await comeBack()
      await expectAllReady(page)
    }
    await page.close()
  })
})

describe.each([
  ['by its own address', () => system.urls.gateway],
  ['by another host name', () => otherHost],
])('Swagger UI, reached %s', (_how, origin) => {
  it('has all contracts in one drop-down, each with its operations', async () => {
    const { page, complaints } = await visit(`${origin()}/docs`)
    await page.locator('.info .title').waitFor()
    expect(await page.locator('.topbar select option').allTextContents()).toEqual([...described])
    for (const name of described) {
      await chooseContract(page, name)
      await page.locator('.opblock').first().waitFor()
      expect(await page.locator('.opblock').count()).toBeGreaterThan(0)
      expect(await page.locator('.errors-wrapper').count()).toBe(0)
    }
    expect(complaints).toEqual([])
    await page.close()
  })

  it('shows each failure by an example of its own status, with every code to choose', async () => {
    const { page, complaints } = await visit(`${origin()}/docs`)
    await chooseContract(page, 'order')
    const operation = page.locator('#operations-order-repriceOrder')
    await operation.locator('.opblock-summary-control').click()
    await operation.locator('tr.response').first().waitFor()
    const failures = operation.locator('tr.response[data-code^="4"], tr.response[data-code^="5"]')
    const shown: Record<string, string[]> = {}
    for (const row of await failures.all()) {
      const status = (await row.getAttribute('data-code')) ?? ''
      const example = await row.locator('pre.example').innerText()
      expect(JSON.parse(example), status).toMatchObject({ status: Number(status) })
      shown[status] = await row.locator('.examples-select-element option').allTextContents()
    }
    expect(shown).toMatchObject({
      404: ['order-not-found', 'account-not-found', 'not-found'],
      503: ['overloaded', 'unavailable'],
    })
    expect(Object.keys(shown)).toEqual(expect.arrayContaining(['402', '409', '422']))
    expect(complaints).toEqual([])
    await failures.nth(2).scrollIntoViewIfNeeded()
    await picture(page, 'swagger-ui-failures', false)
    await page.close()
  })
})

describe('static files', () => {
  const get = (path: string, headers: Record<string, string> = {}) =>
    fetch(new URL(path, system.urls.gateway), { headers })

  it.each(['/', '/docs'])('%s allows no content of other hosts and no framing', async (path) => {
    const { headers } = await get(path)
    const policy = headers.get('content-security-policy')
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("script-src 'self';")
    expect(policy).toContain("frame-ancestors 'none'")
    expect(policy).not.toContain('unsafe-eval')
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('content-type')).toBe('text/html; charset=utf-8')
  })

  it.each([
    '/',
    '/docs',
    '/docs/swagger-ui-bundle.js',
    '/assets/landing.css',
    '/openapi/order.json',
  ])('%s is sent once, and then only checked for changes', async (path) => {
    const first = await get(path, { 'accept-encoding': 'gzip' })
    const text = await first.text()
    const etag = first.headers.get('etag')!
    expect(first.headers.get('content-encoding')).toBe('gzip')
    const again = await get(path, { 'if-none-match': etag })
    expect(again.status).toBe(304)
    expect(await again.text()).toBe('')
    const plain = await get(path, { 'accept-encoding': 'identity' })
    expect(plain.headers.get('content-encoding')).toBeNull()
    expect(await plain.text()).toBe(text)
    const other = await get(path, { 'if-none-match': '"of-another-version"' })
    expect(other.status).toBe(200)
  })

  it('accept GET and HEAD, and nothing else', async () => {
    const head = await fetch(`${system.urls.gateway}/docs`, { method: 'HEAD' })
    expect(head.status).toBe(200)
    expect(Number(head.headers.get('content-length'))).toBeGreaterThan(0)
    const removed = await fetch(`${system.urls.gateway}/docs`, { method: 'DELETE' })
    expect(removed.status).toBe(405)
    expect(removed.headers.get('allow')).toBe('GET, HEAD')
  })

  it('do not include other files of their folders', async () => {
    for (const path of [
      '/docs/package.json',
      '/docs/index.html',
      '/assets/../service.ts',
      '/docs/..%2fpackage.json',
    ]) {
      expect((await get(path)).status, path).toBe(404)
    }
  })
})
