/** @import { Person, Tokens } from './types.ts' */
import { urlSpace, uuidv5 } from './hashes.js'

/**
 * What a token says. The page only reads it, to know what to show: each service checks by itself.
 * @param {string} token
 * @returns {Record<string, unknown>}
 */
export const claimsIn = (token) => {
  const [, middle = ''] = token.split('.')
  const bytes = Uint8Array.from(atob(middle.replaceAll('-', '+').replaceAll('_', '/')), (letter) =>
    letter.charCodeAt(0),
  )
  return JSON.parse(new TextDecoder().decode(bytes))
}

/** @param {unknown} value @param {string} path */
const claimAt = (value, path) => {
  let found = value
  for (const step of path.split('.')) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, step)) return undefined
    found = /** @type {Record<string, unknown>} */ (found)[step]
  }
  return found
}

const uuid = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i

/**
 * The same rule as in the services: another issuer may name people otherwise than by UUIDs.
 * @param {string} issuer
 * @param {string} subject
 */
export const personId = (issuer, subject) =>
  uuid.test(subject) ? subject.toLowerCase() : uuidv5(subject, uuidv5(issuer, urlSpace))

/**
 * @param {Tokens} tokens
 * @param {string} rolesClaim
 * @returns {Person}
 */
export const personIn = ({ accessToken, idToken }, rolesClaim) => {
  const claims = claimsIn(accessToken)
  const { preferred_username: username, email } = {
    ...claims,
    ...(idToken === undefined ? {} : claimsIn(idToken)),
  }
  const roles = claimAt(claims, rolesClaim)
  const name = [username, email, claims['email']].find((each) => typeof each === 'string')
  return {
    id: personId(String(claims['iss']), String(claims['sub'])),
    name: typeof name === 'string' ? name : 'You',
    isOperator: Array.isArray(roles) && roles.includes('operator'),
  }
}
