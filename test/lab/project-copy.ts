import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { projectRoot } from '../../tools/run-tool.ts'

const copied = [
  'src',
  'tools',
  'test/lab',
  'test/judge',
  'observability',
  'openapi',
  'package.json',
  'tsconfig.json',
  'drizzle.config.ts',
  'orval.config.ts',
  '.oxlintrc.json',
  '.oxfmtrc.json',
  '.dependency-cruiser.mjs',
]

/** A copy of the project that a test may break. It uses the installed packages. */
export const copyProject = async () => {
  const root = await mkdtemp(join(tmpdir(), 'project-copy-'))
  for (const path of copied) {
    await cp(join(projectRoot, path), join(root, path), { recursive: true })
  }
  await symlink(join(projectRoot, 'node_modules'), join(root, 'node_modules'), 'junction')

  const write = async (path: string, text: string) => {
    await mkdir(dirname(join(root, path)), { recursive: true })
    await writeFile(join(root, path), text)
  }

  return { root, write, remove: () => rm(root, { recursive: true, force: true }) }
}

export type ProjectCopy = Awaited<ReturnType<typeof copyProject>>
