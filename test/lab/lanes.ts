/**
 * Systems for tests that wait long and run side by side: each test has one for itself, so nothing
 * that it breaks can reach another. The next test gets the system that was given back.
 */
export const createLanes = <Lane>(open: () => Promise<Lane>) => {
  const free: Lane[] = []
  return async (work: (lane: Lane) => Promise<void>): Promise<void> => {
    const lane = free.pop() ?? (await open())
    await work(lane)
    // Not after a failure: nobody knows in what state it left the system.
    free.push(lane)
  }
}
