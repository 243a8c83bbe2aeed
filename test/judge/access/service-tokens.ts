import {
  readPrivateKey,
  readPublicKey,
  publicKeyOf,
} from '../../../src/platform/base/service-keys.ts'
import type { ServiceName } from '../../../src/registry.ts'
import { serviceKeyVariables, writeServiceToken } from '../../lab/service-keys.ts'
import { nowSeconds, writeToken, type Members } from '../../lab/tokens.ts'
import { partsOf } from './forged.ts'
import type { TokenSource } from './world.ts'

/** The tokens that services show each other, right ones and wrong ones. */
const hourS = 3_600

export const privateKeyOf = (service: ServiceName): string =>
  serviceKeyVariables(service)['SERVICE_KEY'] ?? ''

const wrongServices = (from: ServiceName, to: ServiceName) => {
  const right = partsOf(writeServiceToken(from, to))
  const key = readPrivateKey(privateKeyOf(from))
  const write = (claims: Members, header: Members = {}) =>
    writeToken({ ...right.header, ...header }, { ...right.payload, ...claims }, key)
  const nowS = nowSeconds()
  return {
    over: write({ iat: nowS - 120, exp: nowS - 60 }),
    'older than a minute': write({ iat: nowS - 120, exp: nowS + hourS }),
    'of the future': write({ iat: nowS + 120, exp: nowS + 180 }),
    'without an end': write({ exp: undefined }),
    'without a time': write({ iat: undefined }),
    'for another callee': write({ aud: to === 'user' ? 'order' : 'user' }),
    'for nobody': write({ aud: undefined }),
    'in the name of another': write({ iss: from === 'order' ? 'user' : 'order' }),
    'in nobody’s name': write({ iss: undefined }),
    'of the type of a person': write({}, { typ: 'at+jwt' }),
    'of no type': write({}, { typ: undefined }),
  }
}

export const serviceTokens: Pick<
  TokenSource,
  'serviceToken' | 'wrongServiceTokens' | 'serviceKey'
> = {
  serviceToken: writeServiceToken,
  wrongServiceTokens: wrongServices,
  serviceKey: (from) => readPublicKey(publicKeyOf(privateKeyOf(from))).export({ format: 'jwk' }),
}
