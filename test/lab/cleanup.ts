type Cleanup = () => unknown

const cleanups: Cleanup[] = []

/** Remembers what to do when the test file ends. The last one runs first. */
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
