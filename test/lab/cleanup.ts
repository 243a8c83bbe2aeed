type Cleanup = () => unknown

const cleanups: Cleanup[] = []

/** Remembers something to be done when the test file has ended; the last one comes first. */
export const whenFileEnds = (cleanup: Cleanup) => {
  cleanups.unshift(cleanup)
}

export const cleanUp = async () => {
  const failures: unknown[] = []
  for (const cleanup of cleanups.splice(0)) {
    try {
      await cleanup()
    } catch (error) {
      failures.push(error)
    }
  }
  if (failures.length > 0) throw new AggregateError(failures, 'cleaning up after the file failed')
}
