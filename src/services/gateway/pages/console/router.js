import { useEffect, useState } from 'preact/hooks'

/**
 * Which page is shown stands behind the `#`: the server never learns it, and needs no rule for it.
 *
 * @typedef {{ name: string, id: string | undefined, query: URLSearchParams }} Route
 */

/** @param {string} hash @returns {Route} */
export const routeIn = (hash) => {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?')
  const [name = '', id] = path.split('/')
  return {
    // Without any address everybody begins where their work is.
    name: hash === '' ? 'home' : name === '' ? 'overview' : name,
    id: id === undefined || id === '' ? undefined : decodeURIComponent(id),
    query: new URLSearchParams(query),
  }
}

/** @param {string} path */
export const goTo = (path) => {
  location.hash = path
}

export const useRoute = () => {
  const [hash, setHash] = useState(location.hash)
  useEffect(() => {
    const onChange = () => setHash(location.hash)
    addEventListener('hashchange', onChange)
    return () => removeEventListener('hashchange', onChange)
  }, [])
  return routeIn(hash)
}
