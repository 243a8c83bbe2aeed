import { OAuth2Server } from 'oauth2-mock-server'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { launchBrowser, screenshotsFolder } from '../lab/browser.ts'
import { startGateway, type RunningGateway } from '../lab/gateway.ts'
import { startSystem, type System } from '../lab/system.ts'
import { chooseContract, takePicture, visit, watch } from '../lab/visit.ts'
import { eventually } from '../lab/wait.ts'

/** Signs up, signs in and orders in Swagger UI, as a person does it in a real browser. */
const publicUrl = 'http://arch.homework'

// A browser is slow on a busy machine with two cores.
vi.setConfig({ testTimeout: 90_000 })

let browser: Browser
let pictures: string
let system: System

beforeAll(async () => {
  const env = { PUBLIC_URL: publicUrl, PUBLIC_HOSTS: new URL(publicUrl).hostname }
  ;[system, pictures] = await Promise.all([startSystem({ env }), screenshotsFolder()])
  const { port } = new URL(system.urls.gateway)
  browser = await launchBrowser({ hostRules: `MAP arch.homework 127.0.0.1:${port}` })
}, 90_000)
afterAll(async () => {
  await browser?.close()
  await system?.stop()
})

interface Login {
  readonly username: string
  readonly password: string
}

const json = { 'content-type': 'application/json' }

const post = async (path: string, body: unknown, token?: string) => {
  const response = await fetch(`${system.urls.gateway}${path}`, {
    method: 'POST',
    headers: token === undefined ? json : { ...json, authorization: `Bearer ${token}` },
    body: JSON.stringify(body),
  })
  return (await response.json()) as Record<string, string>
}

const newPerson = (): Login & { readonly email: string } => {
  const username = `browser${Date.now().toString(36)}`
  return { username, email: `${username}@example.com`, password: `the password of ${username}` }
}

const tokenOf = async ({ username, password }: Login) => {
  const { accessToken = '' } = await post('/sessions', { username, password })
  return accessToken
}

/** Opens an operation, fills its body in if there is one to fill, and returns what is answered. */
const tryOut = async (page: Page, operationId: string, body?: unknown) => {
  const operation = page.locator(`[id$="-${operationId}"].opblock`)
  if (!(await operation.locator('.execute').isVisible())) {
    await operation.locator('.opblock-summary-control').click()
  }
  if (body !== undefined) {
    await operation.locator('textarea.body-param__text').fill(JSON.stringify(body, null, 2))
  }
  // The answer to the last attempt would be taken for the new one.
  const clear = operation.locator('.btn-clear')
  if (await clear.isVisible()) await clear.click()
  await operation.locator('.execute').click()
  const answer = operation.locator('.live-responses-table .response').first()
  await answer.waitFor()
  return {
    operation,
    status: (await answer.locator('.response-col_status').innerText()).trim(),
    body: JSON.parse(
      (await answer.locator('.response-col_description pre').first().innerText()).trim(),
    ) as Record<string, unknown>,
  }
}

const openDialogue = async (page: Page) => {
  await page.locator('.auth-wrapper .authorize').click()
  await page.locator('.auth-container').first().waitFor()
}
const closeDialogue = (page: Page) => page.locator('.dialog-ux .close-modal').click()
const signInForm = (page: Page) => page.locator('.auth-container', { hasText: 'with PKCE' })

/**
 * The dialogue shows what Swagger UI knew when it was opened. Until it has read the addresses of
 * another issuer, it knows no way to sign in: then a person opens the dialogue once more.
 */
const openWithSignIn = (page: Page) =>
  eventually(
    async () => {
      await openDialogue(page)
      if ((await signInForm(page).count()) > 0) return
      await closeDialogue(page)
      throw new Error('the dialogue shows no way to sign in')
    },
    { withinMs: 30_000 },
  )

const remove = { name: 'Remove authorization' }

describe.each([
  ['by the address that people know', () => publicUrl, ''],
  ['by its own address', () => system.urls.gateway, undefined],
])('Swagger UI, reached %s,', (_how, origin, pictured) => {
  const picture = async (page: Page, name: string) => {
    if (pictured !== undefined) await takePicture(page, pictures, name, false)
  }

  it('signs up, signs in on the sign-in page, and places an order', async () => {
    const { page, complaints } = await visit(browser, `${origin()}/docs`)
    const person = newPerson()
    const created = await tryOut(page, 'createUser', person)
    expect(created.status).toBe('201')
    expect(created.body).toMatchObject({ username: person.username, account: 'OPEN' })
    const { operation } = created
    expect(await operation.locator('.request-url').innerText()).toContain(`${origin()}/users`)
    await operation.locator('.request-url').scrollIntoViewIfNeeded()
    await picture(page, 'swagger-ui-try-it-out')

    await openDialogue(page)
    const popup = page.waitForEvent('popup')
    await signInForm(page).locator('.btn.authorize').click()
    const signIn = await popup
    const worries = watch(signIn, origin())
    await signIn.getByLabel('Username').fill(person.username)
    await signIn.getByLabel('Password').fill(person.password)
    await picture(signIn, 'sign-in')
    await signIn.getByRole('button', { name: 'Sign in' }).click()
    await signInForm(page).getByRole('button', remove).waitFor()
    await picture(page, 'swagger-ui-authorized')
    await closeDialogue(page)
    expect(signIn.isClosed()).toBe(true)

    await post(
      `/billing/accounts/${String(created.body['id'])}/deposit`,
      { amount: 100_000 },
      await tokenOf(person),
    )
    await chooseContract(page, 'order')
    const ordered = await tryOut(page, 'placeOrder')
    expect(ordered.status).toBe('201')
    expect(ordered.body).toMatchObject({ userId: created.body['id'], status: 'APPROVED' })
    await ordered.operation.locator('.request-url').scrollIntoViewIfNeeded()
    await picture(page, 'swagger-ui-order')
    const listed = await tryOut(page, 'listOrders')
    expect(listed.body).toMatchObject({ items: [{ id: ordered.body['id'] }] })
    expect([...complaints, ...worries]).toEqual([])
    await page.close()
  })

  it('takes a token that is pasted, and is told what is missing without one', async () => {
    const person = newPerson()
    const { id } = await post('/users', person)
    const { page } = await visit(browser, `${origin()}/docs`)
    await chooseContract(page, 'order')
    const refused = await tryOut(page, 'placeOrder')
    expect([refused.status, refused.body['code']]).toEqual(['401', 'unauthenticated'])

    await openDialogue(page)
    const pasting = page.locator('.auth-container', { hasText: 'http, Bearer' })
    await pasting.locator('input').fill(await tokenOf(person))
    await pasting.locator('.btn.authorize').click()
    await pasting.getByRole('button', remove).waitFor()
    await closeDialogue(page)
    const poor = await tryOut(page, 'placeOrder')
    expect([poor.status, poor.body['code']]).toEqual(['402', 'insufficient-funds'])
    expect(poor.body['order']).toMatchObject({ userId: id })
    await page.close()
  })
})

describe('Swagger UI with another issuer', () => {
  const issuer = new OAuth2Server()
  let gateway: RunningGateway

  beforeAll(async () => {
    await issuer.issuer.keys.generate('RS256')
    await issuer.start(0, '127.0.0.1')
    issuer.service.on('beforeTokenSigning', ({ payload }: { payload: Record<string, unknown> }) => {
      payload['aud'] = 'orderly'
    })
    gateway = await startGateway({
      ISSUER_URL: issuer.issuer.url ?? '',
      JWKS_URL: `${issuer.issuer.url}/jwks`,
    })
  })
  afterAll(async () => {
    await gateway?.stop()
    await issuer.stop()
  })

  it('signs in there, by the addresses that it tells', async () => {
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 } })
    const complaints = watch(page, gateway.url, new URL(issuer.issuer.url ?? '').origin)
    await page.goto(`${gateway.url}/docs`)
    await openWithSignIn(page)
    await signInForm(page).locator('.btn.authorize').click()
    await signInForm(page).getByRole('button', remove).waitFor()
    await closeDialogue(page)
    await tryOut(page, 'createUser', { username: 'masha', email: 'masha@example.com' })
    const [request] = gateway.services.user.received
    expect(request?.headers.authorization).toMatch(/^Bearer [\w-]+\.[\w-]+\.[\w-]+$/)
    expect(complaints).toEqual([])
    await page.close()
  })
})
