import type { ServerResponse } from 'node:http'

/**
 * How many requests are under way. A place is taken by a whole request only, or
 * whoever sends half of one and falls silent would take it from others. One
 * that its client gave up works on, and keeps its place until it is through.
 */
export const createPlaces = (max: number) => {
  /** Requests that have no answer yet, half ones included. */
  let open = 0
  /** Whole requests at work. */
  let atWork = 0

  const work = async (response: ServerResponse, handle: () => Promise<void>): Promise<void> => {
    atWork += 1
    let isHandled = false
    let isClosed = response.destroyed
    const leave = () => {
      if (isHandled && isClosed) atWork -= 1
    }
    if (!isClosed) {
      response.once('close', () => {
        isClosed = true
        leave()
      })
    }
    try {
      await handle()
    } finally {
      isHandled = true
      leave()
    }
  }

  return {
    isFull: () => atWork >= max,
    isEmpty: () => open === 0 && atWork === 0,
    enter: (response: ServerResponse, onClose: () => void) => {
      open += 1
      response.once('close', () => {
        open -= 1
        onClose()
      })
    },
    work,
  }
}
