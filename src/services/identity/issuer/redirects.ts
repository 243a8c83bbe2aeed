/**
 * Where the issuer may send browsers to, with a code or after signing out: our own pages, and
 * programs on the machine of the browser (RFC 8252), which listen on a port that nobody knows before.
 */
const loopbackHosts = new Set(['localhost', '127.0.0.1', '[::1]'])

const plain = (text: string): URL | undefined => {
  const url = URL.parse(text)
  // Whatever a parser would change is read by another one otherwise.
  return url !== null && url.href === text && url.hash === '' && url.username === ''
    ? url
    : undefined
}

const isLoopback = ({ protocol, hostname }: URL) =>
  protocol === 'http:' && loopbackHosts.has(hostname)

export const createRedirects = (publicUrl: string) => {
  const docs = `${publicUrl}/docs/oauth2-redirect.html`
  const console = `${publicUrl}/console/`
  const homes = [`${publicUrl}/`, `${publicUrl}/docs`, `${publicUrl}/console`]

  const mayGetCode = (text: string): boolean => {
    const url = plain(text)
    if (url === undefined) return false
    return isLoopback(url) || text === docs || text.startsWith(console)
  }

  return {
    mayGetCode,
    maySignOutTo: (text: string): boolean => homes.includes(text) || mayGetCode(text),
    /** What the issuer wants to be told of its client. */
    examples: [docs, console],
    homes,
  }
}

export type Redirects = ReturnType<typeof createRedirects>
