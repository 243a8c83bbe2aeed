import { afterAll } from 'vitest'
import { cleanUp } from './cleanup.ts'

/** Loaded before every test file: removes what a file made when it ends, also when it fails. */
afterAll(cleanUp)
