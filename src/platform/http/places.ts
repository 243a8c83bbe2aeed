/**
 * Counts the requests that are being worked on. Only a whole request takes a place: a client that
 * sends half of one and then stops must not take places from others. The place is free again when
 * the handler has ended the answer, not when the client has read it. A request whose client is
 * gone keeps its place until its handler ends.
 */
export const createPlaces = (max: number) => {
  let atWork = 0
  return {
    isFull: () => atWork >= max,
    isEmpty: () => atWork === 0,
    enter: () => {
      atWork += 1
    },
    leave: () => {
      atWork -= 1
    },
  }
}

export type Places = ReturnType<typeof createPlaces>
