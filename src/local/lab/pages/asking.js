/** @import { LabState, Scene } from '../state.ts' */
/** @import { Trouble } from '../../../services/gateway/pages/console/types.ts' */
import { useEffect, useRef, useState } from 'preact/hooks'

/** What the page asks of the lab, and what it hears without asking. */

/** @type {Trouble} */
const nobodyAnswers = {
  title: 'The lab does not answer',
  detail: 'Is it still running? It ends with the terminal in which it was started.',
  code: 'no-answer',
  status: 0,
}

/** @param {Response} response @returns {Promise<Trouble>} */
const troubleOf = async (response) => {
  const { status } = response
  const unclear = { title: `The lab answered ${status}`, detail: '', code: 'unclear', status }
  try {
    return { ...unclear, .../** @type {Trouble} */ (await response.json()) }
  } catch {
    return unclear
  }
}

/**
 * @param {string} method
 * @param {string} path
 * @param {unknown} [body]
 * @returns {Promise<Trouble | undefined>} what went wrong
 */
export const ask = async (method, path, body) => {
  try {
    const response = await fetch(path, {
      method,
      ...(body === undefined
        ? {}
        : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    })
    return response.ok ? undefined : await troubleOf(response)
  } catch {
    return nobodyAnswers
  }
}

/** @typedef {'connecting' | 'live' | 'lost'} Connection */

/**
 * The state as the lab tells it. A page in the background listens to nothing. The browser connects
 * again by itself, but not after every kind of end.
 * @returns {{ state: LabState | undefined, connection: Connection }}
 */
export const useLab = () => {
  const [state, setState] = useState(/** @type {LabState | undefined} */ (undefined))
  const [connection, setConnection] = useState(/** @type {Connection} */ ('connecting'))
  useEffect(() => {
    /** @type {EventSource | undefined} */
    let source
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let again
    const close = () => {
      clearTimeout(again)
      source?.close()
      source = undefined
    }
    const open = () => {
      close()
      if (document.hidden) return
      source = new EventSource('/lab/events')
      source.addEventListener('state', ({ data }) => {
        setState(JSON.parse(data))
        setConnection('live')
      })
      source.addEventListener('error', () => {
        setConnection('lost')
        close()
        again = setTimeout(open, 1_000)
      })
    }
    document.addEventListener('visibilitychange', open)
    open()
    return () => {
      document.removeEventListener('visibilitychange', open)
      close()
    }
  }, [])
  return { state, connection }
}

/** The scenes do not change while the lab runs. @param {boolean} isLive @returns {readonly Scene[] | undefined} */
export const useScenes = (isLive) => {
  const [scenes, setScenes] = useState(/** @type {readonly Scene[] | undefined} */ (undefined))
  const isAsked = useRef(false)
  useEffect(() => {
    if (!isLive || isAsked.current) return
    isAsked.current = true
    fetch('/lab/scenes')
      .then(async (response) => setScenes(await response.json()))
      .catch(() => {
        isAsked.current = false
      })
  }, [isLive])
  return scenes
}
