import { shortenOnce } from './short-loading.ts'

/** Loaded before a test file and what it imports: a worker costs 0.4 s of CPU and 120 MB less. */
shortenOnce()
