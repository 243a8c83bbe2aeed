import { existsSync, globSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { costTables } from './costs.ts'
import { read, root, type Picture } from './pictures.ts'

/**
 * Pages show a picture twice: as a file that looks the same everywhere, and as the text that GitHub
 * draws and that people read in a diff. The generator puts both between markers, so the text is
 * written in one place only.
 */
const block = /<!-- (picture: [\w-]+|costs) -->[\s\S]*?<!-- end -->/g

const pictureBlock = (picture: Picture, page: string): string => {
  const path = relative(dirname(page), picture.svgPath)
  return [
    `![${picture.title}](${path})`,
    '',
    '<details><summary>The picture as text</summary>',
    '',
    '```mermaid',
    picture.text.trimEnd(),
    '```',
    '',
    '</details>',
  ].join('\n')
}

const contentOf = (marker: string, page: string, pictures: readonly Picture[]): string => {
  if (marker === 'costs') return costTables(pictures)
  const name = marker.slice('picture: '.length)
  const picture = pictures.find((each) => each.name === name)
  if (!picture) throw new Error(`${page} wants the picture ${name}, which does not exist`)
  return pictureBlock(picture, page)
}

/** Returns the page with every marked block filled from the pictures. */
export const filledPage = (page: string, text: string, pictures: readonly Picture[]): string =>
  text.replaceAll(block, (_, marker: string) => {
    const content = contentOf(marker, page, pictures)
    return `<!-- ${marker} -->\n\n${content}\n\n<!-- end -->`
  })

export const pagesWithPictures = (): readonly string[] => {
  const pages = globSync('docs/**/*.md', { cwd: root })
  if (existsSync(join(root, 'README.md'))) pages.push('README.md')
  return pages.filter((page) => read(page).match(block)).sort()
}
