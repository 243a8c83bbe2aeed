import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { publicKeyOf } from '../../platform/base/service-keys.ts'
import { registry, serviceNames } from '../../registry.ts'
import { openDataFolder, type DataFolder } from '../postgres/data-folder.ts'
import { keptServiceKeys } from './service-keys.ts'

let data: DataFolder
beforeEach(async () => {
  data = openDataFolder(await mkdtemp(path.join(tmpdir(), 'orderly-keys-')))
})
afterEach(() => rm(data.path, { recursive: true, force: true }))

/** Each service that calls another one; the gateway passes on what others say of themselves. */
const callers = serviceNames.filter(
  (name) => name !== 'gateway' && registry[name].upstreams.length > 0,
)

const file = () => data.file('service-keys.json')

describe('the keys of the services', () => {
  it('are made once, fit together, and are for the eyes of their owner', () => {
    const made = keptServiceKeys(data)
    const pairs = Object.values(made)
    expect(pairs).toHaveLength(callers.length)
    for (const { privateKey, publicKey } of pairs) expect(publicKeyOf(privateKey)).toBe(publicKey)
    expect(new Set(pairs.map(({ privateKey }) => privateKey)).size).toBe(callers.length)
    expect(statSync(file()).mode & 0o777).toBe(0o600)
    expect(keptServiceKeys(data)).toEqual(made)
  })

  it('stay when there is a new service, which gets one, too', () => {
    const { order, ...older } = keptServiceKeys(data)
    writeFileSync(file(), JSON.stringify(older))
    const made = keptServiceKeys(data)
    expect(made).toMatchObject(older)
    expect(made.order?.privateKey).not.toBe(order?.privateKey)
    expect(JSON.parse(readFileSync(file(), 'utf8'))).toEqual(made)
  })

  it.each(['', '{"user":', '[]', '{"user":"MC4C"}'])(
    'are not replaced unasked when the file is damaged: %s',
    (text) => {
      writeFileSync(file(), text)
      expect(() => keptServiceKeys(data)).toThrow(/is damaged: remove it/)
      expect(readFileSync(file(), 'utf8')).toBe(text)
    },
  )
})
