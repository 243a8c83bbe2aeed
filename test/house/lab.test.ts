import { execFile } from 'node:child_process'
import { cp, mkdtemp, readFile, rm, symlink } from 'node:fs/promises'
import { globSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { scripts } from '../../src/local/lab/scenes.ts'
import { projectRoot } from '../../tools/run-tool.ts'

/** Whether a path falls under a line of .dockerignore: by itself, or by a folder above it. */
const matches = (pattern: string, path: string) => {
  const parts = pattern
    .split('/')
    .map((part) =>
      part === '**' ? '(?:.+/)?' : `${part.replaceAll('.', '[.]').replaceAll('*', '[^/]*')}/`,
    )
  const expression = parts.join('').replace(/\/$/, '')
  return new RegExp(`^${expression}(?:/|$)`).test(path)
}

/** As Docker reads it: the last line that fits decides. */
const isInImage = (lines: readonly string[], path: string) => {
  const last = lines.findLast((line) => matches(line.replace(/^!/, ''), path))
  return last === undefined || last.startsWith('!')
}

describe('the image', () => {
  const filesOf = async () => {
    const text = await readFile(join(projectRoot, '.dockerignore'), 'utf8')
    const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
    const all = globSync(['*.*', 'src/**/*.*', 'openapi/**/*.*', 'test/**/*.*'], {
      cwd: projectRoot,
    })
    return all.filter((path) => isInImage(lines, path))
  }

  it('has nothing of the lab, and what the services are made of', async () => {
    const files = await filesOf()
    expect(files).toEqual(
      expect.arrayContaining([
        'package.json',
        'src/main.ts',
        'src/services/order/sql/insert-orders.sql',
      ]),
    )
    expect(files.filter((path) => /^src\/local\/lab|^test\/|\.test\.ts$/.test(path))).toEqual([])
  })

  it('loads all its code without the lab', { timeout: 60_000 }, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'orderly-image-'))
    try {
      const files = new Set(await filesOf())
      const isCopied = (path: string) =>
        statSync(path).isDirectory() || files.has(relative(projectRoot, path))
      for (const path of ['package.json', 'src', 'openapi']) {
        await cp(join(projectRoot, path), join(folder, path), { recursive: true, filter: isCopied })
      }
      await symlink(join(projectRoot, 'node_modules'), join(folder, 'node_modules'))
      const run = promisify(execFile)
      const loaded = run(process.execPath, ['src/main.ts', 'warm-up'], { cwd: folder })
      await expect(loaded).resolves.toMatchObject({ stderr: '' })
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })
})

describe('each scene of the lab', () => {
  it.each(scripts)('$id has its proof in a test that is there', async ({ guarantee }) => {
    const text = await readFile(join(projectRoot, guarantee.file), 'utf8')
    expect(text).toContain(`it('${guarantee.name}'`)
  })

  it('says what to watch for and why it is safe', () => {
    for (const { id, watch, whySafe, steps } of scripts) {
      expect([watch.length > 1, whySafe.length > 80, steps.length > 3], id).toEqual([
        true,
        true,
        true,
      ])
    }
  })
})
