import { createRequire } from 'node:module'

type Constructor = new (...values: never[]) => object

const load = createRequire(import.meta.url)

/** Stands for a class of undici until the first object is made. That object is a real one. */
const onDemand = (file: string, name: string): Constructor => {
  let real: Constructor | undefined
  return class {
    constructor(...values: never[]) {
      real ??= (load(file) as Readonly<Record<string, Constructor>>)[name] as Constructor
      return new real(...values)
    }

    /** Also for classes that extend this one: whatever they make is a real one, too. */
    static [Symbol.hasInstance](value: unknown): boolean {
      if (typeof value !== 'object' || value === null) return false
      if (real !== undefined && value instanceof real) return true
      return Object.prototype.isPrototypeOf.call(this.prototype, value)
    }
  }
}

/**
 * Node loads its own undici, all 760 KB of it, as soon as somebody names one of these classes. The
 * adapter between Hono and Node's server does, only to extend them: its own answer for nearly every
 * request. No service speaks WebSocket, which is what CloseEvent is for.
 */
export const loadFetchOnDemand = (): void => {
  const own = {
    Headers: onDemand('undici/lib/web/fetch/headers.js', 'Headers'),
    Request: onDemand('undici/lib/web/fetch/request.js', 'Request'),
    Response: onDemand('undici/lib/web/fetch/response.js', 'Response'),
  }
  // To define a property would load the old one. To assign does not.
  Object.assign(globalThis, own, { CloseEvent: undefined })
}
