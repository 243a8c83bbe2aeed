import type { KeyRing, Keys } from '../key-ring.ts'
import type { SignIn } from '../sign-in.ts'
import type { ProviderDeps } from './provider.ts'

export interface LazyProviderDeps extends Omit<ProviderDeps, 'cookieKeys'> {
  readonly ring: Pick<KeyRing, 'known'>
  readonly signIn: SignIn
  readonly cookieKeys: () => readonly string[]
}

const load = async (signIn: SignIn) => {
  const [{ createProvider }, { createSignInForm }] = await Promise.all([
    import('./provider.ts'),
    import('./sign-in-form.ts'),
  ])
  return { createProvider, showForm: createSignInForm(signIn) }
}

type Loaded = Awaited<ReturnType<typeof load>>
type BuiltProvider = ReturnType<Loaded['createProvider']>

/**
 * oidc-provider takes a good part of the memory of this process. It is loaded when the first browser
 * comes: scripts and services, which only need tokens and keys, do without it. It is made anew when
 * the keys have changed.
 */
export const createLazyProvider = (deps: LazyProviderDeps) => {
  const { ring, signIn, cookieKeys, ...rest } = deps
  let loading: Promise<Loaded> | undefined
  let built: { readonly keys: Keys; readonly provider: BuiltProvider } | undefined

  return async () => {
    const { createProvider, showForm } = await (loading ??= load(signIn))
    const keys = ring.known()
    if (built?.keys !== keys) {
      built = { keys, provider: createProvider({ ...rest, cookieKeys: cookieKeys() }, keys) }
    }
    return { provider: built.provider, showForm }
  }
}
