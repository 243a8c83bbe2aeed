import { globSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { projectRoot, runTool } from '../../tools/run-tool.ts'
import { whenFileEnds } from '../lab/cleanup.ts'

/** Copies the documents and the program that fills them to a folder where tests may change them. */
const copyOfDocuments = async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'orderly-page-'))
  whenFileEnds(() => rm(folder, { recursive: true, force: true }))
  await mkdir(path.join(folder, 'docs', 'pictures'), { recursive: true })
  for (const name of ['performance.md', 'scaling.md', 'performance.json', 'pictures/bench.svg']) {
    await cp(path.join(projectRoot, 'docs', name), path.join(folder, 'docs', name))
  }
  await cp(path.join(projectRoot, 'bench'), path.join(folder, 'bench'), {
    recursive: true,
    filter: (source) => path.basename(source) !== 'results',
  })
  await writeFile(path.join(folder, 'package.json'), '{"type":"module"}')
  return folder
}

const check = (folder: string) =>
  runTool(process.execPath, ['bench/publish.ts', '--check'], { cwd: folder })

const edit = async (file: string, change: (text: string) => string) => {
  const text = await readFile(file, 'utf8')
  const changed = change(text)
  expect(changed).not.toBe(text)
  await writeFile(file, changed)
}

describe('the page about performance', () => {
  it('quotes the committed run, and nothing else', async () => {
    expect(await check(projectRoot)).toMatchObject({ exitCode: 0 })
  })

  it('is not accepted with a number that no run measured', async () => {
    const folder = await copyOfDocuments()
    expect(await check(folder)).toMatchObject({ exitCode: 0 })

    await edit(path.join(folder, 'docs/performance.md'), (text) =>
      text.replace('| orders/s ÷ the five bare statements', '| orders/s ÷ the bare statements'),
    )

    const { exitCode, output } = await check(folder)
    expect(exitCode).toBe(1)
    expect(output).toContain('docs/performance.md does not agree')
  })

  it('is not accepted with a picture of another run', async () => {
    const folder = await copyOfDocuments()

    await edit(path.join(folder, 'docs/pictures/bench.svg'), (text) =>
      text.replace(/points="\d+/, 'points="1'),
    )

    expect((await check(folder)).output).toContain('pictures/bench.svg does not agree')
  })

  it('has no measured number in its prose, nor have the other pages about performance', async () => {
    const figure = /\d[\d.,]*\s?(µs|ms|MB|MiB|%|orders\/s|orders a second|orders per second)/g
    const pages = ['performance.md', 'scaling.md', 'design-study/semantics.md']
    for (const page of pages) {
      const text = await readFile(path.join(projectRoot, 'docs', page), 'utf8')
      const prose = text
        .replaceAll(/<!-- figures: [^]*?<!-- end of figures -->/g, '')
        .replaceAll(/```[^]*?```/g, '')
      expect(prose.match(figure) ?? [], page).toEqual([])
    }
    for (const file of globSync('k8s/*.yaml', { cwd: projectRoot })) {
      const manifest = await readFile(path.join(projectRoot, file), 'utf8')
      expect(manifest, file).not.toMatch(/# Measured/)
    }
  })

  it('comes from runs without failures, whose accounts were right', async () => {
    const file = path.join(projectRoot, 'docs', 'performance.json')
    const { bench, soak, profile } = JSON.parse(await readFile(file, 'utf8'))
    expect(profile.failures).toBe(0)
    for (const { failures, invariants } of [bench, soak]) {
      expect(failures).toBe(0)
      expect(invariants.length).toBeGreaterThan(0)
      expect(invariants.filter(({ holds }: { holds: boolean }) => !holds)).toEqual([])
    }
  })
})
