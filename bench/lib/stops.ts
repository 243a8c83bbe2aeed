/** Ends something that a bench has started. */
export type Stop = () => Promise<unknown>

/** Ends everything that the work has started, the last thing first, also after an interrupt. */
export const withStops = async (work: (stops: Stop[]) => Promise<void>): Promise<void> => {
  const stops: Stop[] = []
  let isInterrupted = false
  const stopAll = async () => {
    for (const stop of stops.splice(0).reverse()) await stop().catch(() => {})
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      isInterrupted = true
      void stopAll().then(() => process.exit(130))
    })
  }
  try {
    await work(stops)
  } catch (error) {
    // Work that was stopped by an interrupt fails, and nobody needs to know that.
    if (!isInterrupted) throw error
  } finally {
    await stopAll()
  }
}
