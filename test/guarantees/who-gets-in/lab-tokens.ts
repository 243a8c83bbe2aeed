import { readPrivateKey } from '../../../src/platform/base/service-keys.ts'
import type { ServiceName } from '../../../src/registry.ts'
import type { Somebody, TokenSource } from '../../judge/access/world.ts'
import { keyFor, partsOf, type PublishedKey } from '../../judge/access/forged.ts'
import { privateKeyOf, serviceTokens } from '../../judge/access/service-tokens.ts'
import { issuerVariables, mintToken } from '../../lab/issuer.ts'
import { writeServiceToken } from '../../lab/service-keys.ts'
import { nowSeconds, writeToken, type Members } from '../../lab/tokens.ts'

/** The tokens of the lab's issuer and of services, right ones and wrong ones. */
const hourS = 3_600

const wrongPersons = ({ id, roles }: Somebody, signer: ServiceName) => {
  const mint = (claims: Members, header: Members = {}) =>
    mintToken({ sub: id, roles, ...claims }, header)
  const nowS = nowSeconds()
  const right = partsOf(mint({}))
  const byService = writeServiceToken(signer, signer)
  return {
    expired: mint({ iat: nowS - hourS, exp: nowS - 60 }),
    // A whole run takes minutes on a busy machine.
    'not yet valid': mint({ nbf: nowS + hourS, exp: nowS + 2 * hourS }),
    'no end': mint({ exp: undefined }),
    'an end that is no number': mint({ exp: `${nowS + hourS}` }),
    'another audience': mint({ aud: 'another' }),
    'no audience': mint({ aud: undefined }),
    'the audience of a service': mint({ aud: signer }),
    'another issuer': mint({ iss: 'http://elsewhere.test/identity' }),
    'the issuer, written otherwise': mint({ iss: `${String(right.payload['iss'])}/` }),
    'no issuer': mint({ iss: undefined }),
    'no subject': mint({ sub: undefined }),
    'an ID token': mint({ at_hash: 'x', nonce: 'x' }, { typ: 'JWT' }),
    'an ID token without a type': mint({}, { typ: undefined }),
    'of the type of a service': mint({ iss: signer, aud: signer }, { typ: 'service+jwt' }),
    'signed by a service': writeToken(
      { ...right.header, kid: partsOf(byService).header['kid'] },
      right.payload,
      readPrivateKey(privateKeyOf(signer)),
    ),
  }
}

export const createLabTokens = async (lure: string): Promise<TokenSource> => {
  const { JWKS_URL: jwksUrl = '' } = await issuerVariables()
  const { keys } = (await (await fetch(jwksUrl)).json()) as {
    readonly keys: readonly PublishedKey[]
  }
  return {
    lure,
    tokenOf: ({ id, roles }) => Promise.resolve(mintToken({ sub: id, roles })),
    wrongTokensOf: (who) => Promise.resolve(wrongPersons(who, 'order')),
    keyOf: (token) => Promise.resolve(keyFor(token, keys)),
    ...serviceTokens,
  }
}
