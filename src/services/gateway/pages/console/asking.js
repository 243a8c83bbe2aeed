/** @import { Api } from './api.js' */
/** @import { Session } from './session.js' */
/** @import { Page, Person, Trouble } from './types.ts' */
import { createContext } from 'preact'
import { useCallback, useContext, useEffect, useRef, useState } from 'preact/hooks'
import { troubleIn } from './api.js'
import { newKey } from './hashes.js'

/**
 * How pages ask and act: what they show while they wait, when it fails, and with which key.
 *
 * @typedef {{ api: Api, session: Session, person: Person }} Signed
 */
const SignedContext = createContext(/** @type {Signed | undefined} */ (undefined))
export const SignedIn = SignedContext.Provider

export const useSigned = () => {
  const signed = useContext(SignedContext)
  if (signed === undefined) throw new Error('nobody is signed in')
  return signed
}

/**
 * @template Data
 * @typedef {{ data: Data | undefined, trouble: Trouble | undefined, reload: () => void }} Answer
 */

/** Calls back whenever somebody looks at the page again. @param {() => void} callback */
const useReturn = (callback) => {
  useEffect(() => {
    const onChange = () => document.hidden || callback()
    document.addEventListener('visibilitychange', onChange)
    return () => document.removeEventListener('visibilitychange', onChange)
  }, [callback])
}

/**
 * What is at that address. The data before stays while it is asked again, so that nothing jumps.
 * @template Data
 * @param {string} path
 * @param {{ everyMs?: number }} [options]
 * @returns {Answer<Data>}
 */
export const useAnswer = (path, { everyMs } = {}) => {
  const { api } = useSigned()
  const [state, setState] = useState(
    /** @type {{ path: string, data?: Data, trouble?: Trouble }} */ ({ path }),
  )
  const [round, setRound] = useState(0)
  const reload = useCallback(() => setRound((before) => before + 1), [])
  useReturn(reload)
  useEffect(() => {
    const leaving = new AbortController()
    const set = (/** @type {{ data?: Data, trouble?: Trouble }} */ next) => {
      if (leaving.signal.aborted) return
      setState((before) => ({ ...(before.path === path ? before : {}), ...next, path }))
    }
    api.get(path, leaving.signal).then(
      (data) => set({ data, trouble: undefined }),
      (error) => set({ trouble: troubleIn(error) }),
    )
    return () => leaving.abort()
  }, [api, path, round])
  useEffect(() => {
    if (everyMs === undefined) return undefined
    const timer = setInterval(() => document.hidden || reload(), everyMs)
    return () => clearInterval(timer)
  }, [everyMs, reload])
  const isCurrent = state.path === path
  return {
    data: isCurrent ? state.data : undefined,
    trouble: isCurrent ? state.trouble : undefined,
    reload,
  }
}

/**
 * A list, and its further pages as they are asked for.
 * @template Item
 * @param {string} path with a query already
 */
export const useList = (path) => {
  const { api } = useSigned()
  const first = /** @type {Answer<Page<Item>>} */ (useAnswer(path))
  const [more, setMore] = useState(
    /** @type {{ after?: Page<Item>, items: Item[], next: string | null }} */ ({
      items: [],
      next: null,
    }),
  )
  const [trouble, setTrouble] = useState(/** @type {Trouble | undefined} */ (undefined))
  // The first page was asked again: what followed it may follow another item now.
  const further = more.after === first.data ? more : { items: [], next: first.data?.next ?? null }
  const showMore = async () => {
    if (further.next === null) return
    try {
      /** @type {Page<Item>} */
      const page = await api.get(`${path}&cursor=${encodeURIComponent(further.next)}`)
      setMore({ after: first.data, items: [...further.items, ...page.items], next: page.next })
      setTrouble(undefined)
    } catch (error) {
      setTrouble(troubleIn(error))
    }
  }
  return {
    items: first.data === undefined ? undefined : [...first.data.items, ...further.items],
    trouble: first.trouble ?? trouble,
    hasMore: further.next !== null,
    showMore,
    reload: first.reload,
  }
}

/** After these nobody knows whether it was done: the next try has the same key. */
const undecided = new Set([0, 500, 502, 503, 504])

/**
 * Something that a person does. It runs once at a time, and a try after an unknown end is the same
 * act: it has the same key while it asks for the same.
 * @template Asked
 * @param {(asked: Asked, key: string) => Promise<void>} act
 */
export const useAct = (act) => {
  const [isBusy, setBusy] = useState(false)
  const [trouble, setTrouble] = useState(/** @type {Trouble | undefined} */ (undefined))
  const last = useRef({ asked: '', key: '' })
  /** @param {Asked} asked @returns {Promise<boolean>} whether it was done */
  const run = async (asked) => {
    if (isBusy) return false
    const text = JSON.stringify(asked) ?? ''
    if (last.current.asked !== text || last.current.key === '') {
      last.current = { asked: text, key: newKey() }
    }
    setBusy(true)
    setTrouble(undefined)
    try {
      await act(asked, last.current.key)
      last.current.key = ''
      return true
    } catch (error) {
      const found = troubleIn(error)
      if (!undecided.has(found.status)) last.current.key = ''
      setTrouble(found)
      return false
    } finally {
      setBusy(false)
    }
  }
  return { run, isBusy, trouble }
}
