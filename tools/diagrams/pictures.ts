import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { architectureText } from './architecture.ts'
import { deploymentText } from './deployment.ts'
import {
  accountStatesText,
  bookingStatesText,
  changeStatesText,
  offerStatesText,
  orderStatesText,
} from './states.ts'

export const root = fileURLToPath(new URL('../..', import.meta.url))
export const studyFolder = 'docs/design-study'
const diagramFolder = `${studyFolder}/diagrams`
const bookingFolder = 'docs/pictures/booking'

/** Here every text becomes a picture, and every picture has a text. */
export const pictureFolders = [diagramFolder, bookingFolder] as const

/** The pictures whose text is made from code, and the function that makes it. */
const generated: Readonly<Record<string, () => string>> = {
  'docs/pictures/architecture.mmd': architectureText,
  'docs/pictures/deployment.mmd': deploymentText,
  [`${diagramFolder}/account-states.mmd`]: accountStatesText,
  [`${diagramFolder}/order-states.mmd`]: orderStatesText,
  [`${diagramFolder}/change-states.mmd`]: changeStatesText,
  [`${bookingFolder}/booking-states.mmd`]: bookingStatesText,
  [`${bookingFolder}/offer-states.mmd`]: offerStatesText,
}

export interface Picture {
  /** The name of the picture between the markers of pages. */
  readonly name: string
  /** Paths from the root of the repository. */
  readonly textPath: string
  readonly svgPath: string
  readonly text: string
  readonly title: string
  readonly isGenerated: boolean
}

export const read = (path: string): string => readFileSync(join(root, path), 'utf8')

const pictureOf = (textPath: string, text: string, isGenerated: boolean): Picture => {
  const title = /^\s*accTitle: (.+)$/m.exec(text)?.[1]
  if (title === undefined)
    throw new Error(`${textPath} has no accTitle, which pages show as its name`)
  return {
    name: basename(textPath, '.mmd'),
    textPath,
    svgPath: textPath.replace(/\.mmd$/, '.svg'),
    text,
    title,
    isGenerated,
  }
}

/** Every picture of the repository: those with a text written by hand, and those made from code. */
export const allPictures = (): readonly Picture[] => {
  const written = pictureFolders
    .flatMap((folder) => readdirSync(join(root, folder)).map((name) => `${folder}/${name}`))
    .filter((path) => path.endsWith('.mmd'))
    .filter((path) => !(path in generated))
    .map((path) => pictureOf(path, read(path), false))
  const made = Object.entries(generated).map(([path, make]) => pictureOf(path, make(), true))
  return [...written, ...made].sort((a, b) => a.name.localeCompare(b.name, 'en'))
}
