import { afterAll } from 'vitest'
import { cleanUp } from './cleanup.ts'

/** Loaded before every test file: what a file made is removed when it ends, also when it fails. */
afterAll(cleanUp)
