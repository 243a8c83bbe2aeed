import { beforeAll, describe, expect, it, vi } from 'vitest'
import { dataFolder, launch, memoryOf, ofEachService, type Launcher } from '../lab/launcher.ts'
import { eventually } from '../lab/wait.ts'

vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 })

/**
 * Of these 51 to 53 are pages of Node's own program, which all eight share. At rest after a start they
 * take 77 to 82. (After a load it is 81 to 87: V8 has compiled what runs often, and keeps that.)
 */
const restingMb = 85

// Only Linux tells what a process has in memory.
describe.runIf(process.platform === 'linux')('what npm start runs', () => {
  let folder: string
  beforeAll(async () => {
    folder = await dataFolder()
  })

  const start = async () => {
    const launcher = launch({ DATA_DIR: folder })
    await launcher.sees(/logs .*\n\n/)
    return launcher
  }

  /** A service gives back what it does not need when nobody has asked for some time. */
  const expectRest = (launcher: Launcher) =>
    eventually(
      async () => {
        const inMb = await ofEachService(launcher, memoryOf)
        const large = Object.entries(inMb).filter(([, mb]) => mb > restingMb)
        expect(large, JSON.stringify(inMb)).toEqual([])
      },
      { withinMs: 45_000, everyMs: 500 },
    )

  it.each(['first', 'second'])(
    'takes little memory once nobody asks for anything, after the %s start',
    async () => {
      const launcher = await start()
      await expectRest(launcher)
      expect((await launcher.interrupt()).code).toBe(0)
    },
  )
})
