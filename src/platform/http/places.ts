/**
 * How many requests are at work. A place is taken by a whole request only, or
 * whoever sends half of one and falls silent would take it from others. It ends
 * when the handler has ended the answer, not when the client has read it. One
 * that its client gave up works on, and keeps its place until it is through.
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
