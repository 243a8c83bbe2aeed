import { shortenLoading } from '../../src/platform/base/module-loading.ts'

let isShort = false

/** For a worker that runs many files: each of them asks, and Node would keep one more hook each time. */
export const shortenOnce = () => {
  if (isShort) return
  isShort = true
  shortenLoading()
}
