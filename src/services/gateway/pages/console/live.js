/** @import { Api } from './api.js' */
import { pause, problemIn, troubleIn } from './api.js'

/**
 * Follows an order or a booking while it is undecided. EventSource cannot show a token, so the
 * stream of events is read by hand.
 */
const againMs = 1_000
const longestPauseMs = 15_000
const shortPauseMs = 100

/**
 * The events in a stream of text: its parts may end anywhere.
 * @returns {(part: string) => { name: string, data: string }[]}
 */
export const createEventReader = () => {
  let rest = ''
  return (part) => {
    const blocks = `${rest}${part}`.replaceAll('\r\n', '\n').split('\n\n')
    rest = blocks.pop() ?? ''
    return blocks.flatMap((block) => {
      let name = 'message'
      /** @type {string[]} */
      const data = []
      for (const line of block.split('\n')) {
        if (line.startsWith('event:')) name = line.slice(6).trim()
        else if (line.startsWith('data:')) data.push(line.slice(5).replace(/^ /, ''))
      }
      // A heartbeat has no data.
      return data.length === 0 ? [] : [{ name, data: data.join('\n') }]
    })
  }
}

/**
 * @param {Response} response
 * @param {(name: string, data: any) => void} onEvent
 */
const readEvents = async (response, onEvent) => {
  const read = createEventReader()
  const decoder = new TextDecoder()
  const reader = response.body?.getReader()
  for (;;) {
    const { done, value } = (await reader?.read()) ?? { done: true }
    if (done) return
    for (const { name, data } of read(decoder.decode(value, { stream: true }))) {
      onEvent(name, JSON.parse(data))
    }
  }
}

/** After these ends nothing more will come, or nothing that this person may see. */
const finals = new Set(['settled', 'gone'])
/** After these it goes on with the next connection. */
const wellEnded = new Set(['time', 'stopping', 'signed-out'])

/**
 * Reads until all is settled, or until `signal` says that nobody looks any more.
 * @param {Api} api
 * @param {string} path
 * @param {(data: any) => void} onData
 * @param {(isConnected: boolean) => void} onConnection
 * @param {AbortSignal} signal
 */
const follow = async (api, path, onData, onConnection, signal) => {
  let pauseMs = againMs
  while (!signal.aborted) {
    let why = 'broken'
    try {
      const response = await api.open(path, { signal })
      if (!response.ok) throw await problemIn(response)
      onConnection(true)
      pauseMs = againMs
      await readEvents(response, (name, data) => {
        if (name === 'end') why = data.why
        else onData(data)
      })
    } catch (error) {
      if (signal.aborted) return
      const { status } = troubleIn(error)
      if (status === 404 || status === 401) return
    }
    if (finals.has(why)) return
    if (wellEnded.has(why)) {
      await pause(shortPauseMs)
      continue
    }
    onConnection(false)
    await pause(pauseMs)
    pauseMs = Math.min(longestPauseMs, pauseMs * 2)
  }
}

/**
 * The same while somebody looks: a page in the background asks for nothing.
 * @param {Api} api
 * @param {string} path
 * @param {(data: any) => void} onData
 * @param {(isConnected: boolean) => void} onConnection
 * @returns {() => void} ends it
 */
export const watchLive = (api, path, onData, onConnection) => {
  let looking = new AbortController()
  const start = () => {
    looking = new AbortController()
    void follow(api, path, onData, onConnection, looking.signal)
  }
  const onVisibility = () => {
    looking.abort()
    if (!document.hidden) start()
  }
  document.addEventListener('visibilitychange', onVisibility)
  if (!document.hidden) start()
  return () => {
    document.removeEventListener('visibilitychange', onVisibility)
    looking.abort()
  }
}
