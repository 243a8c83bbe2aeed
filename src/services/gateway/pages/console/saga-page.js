/** @import { Answer } from './asking.js' */
/** @import { Trouble } from './types.ts' */
import { useEffect, useState } from 'preact/hooks'
import { useAnswer, useSigned } from './asking.js'
import { watchLive } from './live.js'

/**
 * One order or one booking, and what becomes of it while somebody looks.
 * @template {{ id: string }} Saga
 * @param {'orders' | 'bookings'} kind
 * @param {string} id
 * @param {(saga: Saga) => boolean} isOpen
 */
export const useSaga = (kind, id, isOpen) => {
  const { api } = useSigned()
  const { data, trouble, reload } = /** @type {Answer<Saga>} */ (useAnswer(`/${kind}/${id}`))
  const [live, setLive] = useState(
    /** @type {{ after?: Saga | undefined, saga?: Saga, isBroken?: boolean }} */ ({}),
  )
  // What was asked anew is newer than what the stream told before.
  const saga = live.after === data ? (live.saga ?? data) : data
  const isWatched = data !== undefined && isOpen(data)
  useEffect(() => {
    if (!isWatched) return undefined
    return watchLive(
      api,
      `/console/live/${kind}/${id}`,
      (told) => setLive({ after: data, saga: told, isBroken: false }),
      (isConnected) => setLive((before) => ({ ...before, isBroken: !isConnected })),
    )
  }, [api, kind, id, data, isWatched])
  return {
    saga,
    /** @type {Trouble | undefined} */
    trouble,
    reload,
    isBroken: live.isBroken === true && saga !== undefined && isOpen(saga),
  }
}
