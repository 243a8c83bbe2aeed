import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { generatorVersion } from './look.ts'
import { filledPage, pagesWithPictures } from './pages.ts'
import { allPictures, pictureFolders, read, root } from './pictures.ts'
import { withRenderer } from './render.ts'
import { stamp } from './stamp.ts'

/**
 * `npm run diagrams` draws every picture from its text and puts both into the pages. `npm run
 * diagrams:check` draws them too, writes nothing, and fails when a file differs. Neither needs the
 * network.
 */
const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } })

const differing: string[] = []

const put = (path: string, content: string) => {
  if (existsSync(join(root, path)) && read(path) === content) return
  differing.push(path)
  if (!values.check) writeFileSync(join(root, path), content)
}

const removeOrphans = (svgPaths: readonly string[]) => {
  const paths = pictureFolders.flatMap((folder) =>
    readdirSync(join(root, folder)).map((name) => `${folder}/${name}`),
  )
  for (const path of paths) {
    if (!path.endsWith('.svg') || svgPaths.includes(path)) continue
    differing.push(path)
    if (!values.check) rmSync(join(root, path))
  }
}

const startedAtMs = performance.now()
const pictures = allPictures()
await withRenderer(async (draw) => {
  for (const { text, textPath, svgPath, isGenerated } of pictures) {
    if (isGenerated) put(textPath, text)
    put(svgPath, stamp(text, await draw(text), generatorVersion))
  }
})
removeOrphans(pictures.map(({ svgPath }) => svgPath))
for (const page of pagesWithPictures()) put(page, filledPage(page, read(page), pictures))

const seconds = ((performance.now() - startedAtMs) / 1000).toFixed(1)
console.log(`${pictures.length} pictures drawn in ${seconds} s`)
for (const path of differing) console.log(`${values.check ? 'differs' : 'written'}: ${path}`)
if (values.check && differing.length > 0) {
  console.error('the pictures and pages are not what their texts say: npm run diagrams')
  process.exitCode = 1
}
