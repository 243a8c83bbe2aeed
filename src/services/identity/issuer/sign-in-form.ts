import type { IncomingMessage } from 'node:http'
import { errors, type Provider } from 'oidc-provider'
import { clientAddressHeader } from '../../../platform/http/caller.ts'
import { ProblemError, problemTable } from '../../../platform/base/errors.ts'
import type { AdmittedRequest } from '../../../platform/http/admission.ts'
import type { ServiceResponse } from '../../../platform/http/response.ts'
import { pathOf } from '../../../platform/http/routes.ts'
import type { SignIn } from '../sign-in.ts'
import { signInPage, troublePage, type Page } from './pages.ts'

export interface Shown {
  readonly status: number
  readonly page: Page
  readonly headers?: Readonly<Record<string, string>>
}

/** What follows on a request to the sign-in page: a page, or the way back into the flow. */
export type Reply = Shown | { readonly location: string }

type Interaction = Awaited<ReturnType<Provider['interactionDetails']>>

const longestName = 64
const longestPassword = 256

const over = (): Shown => ({
  status: 400,
  page: troublePage(
    'This sign-in is over',
    'It was used already, it took too long, or it began in another browser. Go back to where you came from and sign in again.',
  ),
})

const textOf = (value: unknown) => (typeof value === 'string' ? value : undefined)

const pageOf = ({ uid, params }: Interaction, path: string, username: string, message?: string) => {
  const action = path.slice(0, path.lastIndexOf('/') + 1) + uid
  const redirectUri = textOf(params['redirect_uri'])
  const leadsTo = redirectUri === undefined ? [] : [redirectUri]
  return signInPage({ action, username, message, leadsTo })
}

/** What a person is told when it did not work, in the place where they are. */
const messageOf = ({ code, options }: ProblemError): string | undefined => {
  switch (code) {
    case 'wrong-credentials':
      return 'The name or the password is wrong.'
    case 'too-many-attempts': {
      const minutes = Math.ceil(Number(options.headers?.['retry-after'] ?? 60) / 60)
      return `Too many attempts failed. Try again in ${minutes} ${minutes === 1 ? 'minute' : 'minutes'}.`
    }
    case 'overloaded':
    case 'unavailable':
      return 'This cannot be done right now. Try again in a moment.'
    default:
      return undefined
  }
}

export const createSignInForm = (signIn: SignIn) => {
  const submit = async (
    request: AdmittedRequest,
    interaction: Interaction,
  ): Promise<{ readonly accountId: string } | Shown> => {
    const form = new URLSearchParams(request.rawBody?.toString('utf8') ?? '')
    const username = (form.get('username') ?? '').trim().slice(0, longestName)
    const password = (form.get('password') ?? '').slice(0, longestPassword)
    const address = textOf(request.headers[clientAddressHeader])
    try {
      return { accountId: (await signIn({ username, password, address })).id }
    } catch (error) {
      const message = error instanceof ProblemError ? messageOf(error) : undefined
      if (!(error instanceof ProblemError) || message === undefined) throw error
      const path = pathOf(request.url ?? '')
      return {
        status: problemTable[error.code].status,
        page: pageOf(interaction, path, username, message),
        headers: error.options.headers ?? {},
      }
    }
  }

  /** The way back is told without the host: the browser knows by which it came. */
  const resume = async (
    provider: Provider,
    request: IncomingMessage,
    response: ServiceResponse,
    result: Parameters<Provider['interactionResult']>[2],
  ): Promise<Reply> => {
    const returnTo = await provider.interactionResult(request, response, result)
    return { location: new URL(returnTo).pathname }
  }

  return async (
    provider: Provider,
    request: AdmittedRequest,
    forProvider: IncomingMessage,
    response: ServiceResponse,
  ): Promise<Reply> => {
    const path = pathOf(request.url ?? '')
    try {
      const interaction = await provider.interactionDetails(forProvider, response)
      if (!path.endsWith(`/${interaction.uid}`)) return over()
      // Nobody is asked what our own client may do.
      if (interaction.prompt.name === 'consent') {
        return await resume(provider, forProvider, response, { consent: {} })
      }
      if (request.method !== 'POST') {
        const hint = textOf(interaction.params['login_hint']) ?? ''
        return { status: 200, page: pageOf(interaction, path, hint.slice(0, longestName)) }
      }
      const submitted = await submit(request, interaction)
      if (!('accountId' in submitted)) return submitted
      const login = { accountId: submitted.accountId, amr: ['pwd'], remember: false }
      return await resume(provider, forProvider, response, { login })
    } catch (error) {
      if (error instanceof errors.SessionNotFound) return over()
      throw error
    }
  }
}
