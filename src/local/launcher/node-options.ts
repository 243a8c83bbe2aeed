/**
 * How Node is started for a service, wherever it runs: the image's entry point
 * says the same, and `npm run verify` compares.
 *
 * - A small nursery for new objects: Node would let it grow to 128 MB in each
 *   busy process. With 8 MB for each half, processes under load take a third
 *   less memory, and no more CPU.
 * - One thread beside the main one to compile and collect, instead of four,
 *   which takes 30 MB less for five of them when they are idle.
 * - The best compiler is not loaded for the few functions that find and read
 *   modules, which takes 5 MB less in each. A service that listens sets this back
 *   to V8's own 3,000 calls: see platform/base/memory.ts.
 */
export const nodeOptions = [
  '--max-semi-space-size=8',
  '--v8-pool-size=1',
  '--invocation-count-for-turbofan=100000',
] as const
