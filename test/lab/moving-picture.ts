import { createRequire } from 'node:module'
import { decode } from 'fast-png'
import type { Page } from 'playwright-core'

/** Records a scene of the lab as an animated picture, for readers who do not run it. */

interface Frame {
  readonly rgba: Uint8Array
  readonly width: number
  readonly height: number
  readonly ms: number
}

type Colour = number[]

/** What is used of gifenc, which comes without types. */
interface Encoder {
  readonly GIFEncoder: () => {
    readonly writeFrame: (
      indexes: Uint8Array,
      width: number,
      height: number,
      options: {
        readonly palette?: Colour[]
        readonly delay: number
        readonly transparent?: boolean
        readonly transparentIndex?: number
        readonly dispose?: number
      },
    ) => void
    readonly finish: () => void
    readonly bytes: () => Uint8Array
  }
  readonly quantize: (rgba: Uint8Array, colours: number) => Colour[]
  readonly applyPalette: (rgba: Uint8Array, palette: Colour[]) => Uint8Array
}

// As a CommonJS module it is one thing for Node, and another for the test runner.
const require = createRequire(import.meta.url)
const { GIFEncoder, quantize, applyPalette } = require('gifenc') as Encoder

const frameMs = 200
/** Time to read the last picture. */
const lastMs = 5_000
const mostFrames = 110
const colours = 127
const unchanged = colours
const channels = 4

const frameOf = (png: Buffer, ms: number): Frame => {
  const { data, width, height, channels: given } = decode(png)
  const rgba = new Uint8Array(width * height * channels).fill(255)
  for (let pixel = 0; pixel < width * height; pixel += 1) {
    for (let channel = 0; channel < 3; channel += 1) {
      rgba[pixel * channels + channel] = data[pixel * given + channel] ?? 0
    }
  }
  return { rgba, width, height, ms }
}

interface Place {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

/** A part of it. */
const cutOut = ({ rgba, width, ms }: Frame, place: Place): Frame => {
  const [left, top] = [Math.round(place.x), Math.round(place.y)]
  const [wide, high] = [Math.round(place.width), Math.round(place.height)]
  const part = new Uint8Array(wide * high * channels)
  for (let line = 0; line < high; line += 1) {
    const from = ((top + line) * width + left) * channels
    part.set(rgba.subarray(from, from + wide * channels), line * wide * channels)
  }
  return { rgba: part, width: wide, height: high, ms }
}

/** The same, on a sheet of that size in the colour of its first pixel. */
const onSheet = ({ rgba, width, height, ms }: Frame, wide: number, high: number): Frame => {
  const sheet = new Uint8Array(wide * high * channels)
  for (let at = 0; at < sheet.length; at += channels) sheet.set(rgba.subarray(0, channels), at)
  for (let line = 0; line < Math.min(height, high); line += 1) {
    const from = line * width * channels
    sheet.set(rgba.subarray(from, from + Math.min(width, wide) * channels), line * wide * channels)
  }
  return { rgba: sheet, width: wide, height: high, ms }
}

const joined = (parts: readonly Uint8Array[]) => new Uint8Array(Buffer.concat(parts))

/** One palette for all frames; of each frame only what has changed is stored. */
const encode = (taken: readonly Frame[]): Buffer => {
  const width = Math.max(...taken.map((frame) => frame.width))
  const height = Math.max(...taken.map((frame) => frame.height))
  const frames = taken.map((frame) => onSheet(frame, width, height))
  const sample = [0, 0.25, 0.5, 0.75].map((part) => frames[Math.floor(frames.length * part)])
  const palette = quantize(
    joined([...sample, frames.at(-1)].flatMap((frame) => (frame ? [frame.rgba] : []))),
    colours,
  )
  while (palette.length <= unchanged) palette.push([0, 0, 0])
  const gif = GIFEncoder()
  let before: Uint8Array | undefined
  for (const { rgba, ms } of frames) {
    const indexes = applyPalette(rgba, palette.slice(0, colours))
    const shown = before
      ? indexes.map((index, at) => (index === before?.[at] ? unchanged : index))
      : indexes
    gif.writeFrame(shown, width, height, {
      ...(before ? {} : { palette }),
      delay: ms,
      transparent: before !== undefined,
      transparentIndex: unchanged,
      dispose: 1,
    })
    before = indexes
  }
  gif.finish()
  return Buffer.from(gif.bytes())
}

interface Shot {
  readonly png: Buffer
  readonly atMs: number
}

/** What the browser draws, as it draws it: a picture on demand would take it a second each. */
const watchScreen = async (page: Page) => {
  const shots: Shot[] = []
  const session = await page.context().newCDPSession(page)
  session.on('Page.screencastFrame', ({ data, sessionId }) => {
    const atMs = performance.now()
    const isDue = atMs - (shots.at(-1)?.atMs ?? -Infinity) >= frameMs
    if (isDue && shots.length < mostFrames) shots.push({ png: Buffer.from(data, 'base64'), atMs })
    void session.send('Page.screencastFrameAck', { sessionId }).catch(() => {})
  })
  await session.send('Page.startScreencast', { format: 'png' })
  return async () => {
    await session.send('Page.stopScreencast')
    await session.detach()
    return shots
  }
}

const framesOf = (shots: readonly Shot[], endMs: number, place: Place): Frame[] =>
  shots.map(({ png, atMs }, index) =>
    cutOut(frameOf(png, Math.round((shots[index + 1]?.atMs ?? endMs) - atMs)), place),
  )

/** Leaves only the system and the steps of the scene on the page, one below the other. */
const leaveTheStage = `(() => {
  const others = '.lab-bar, h1, .system .as-table, .switches, .load, .readings, .tour > header, .scenes, ' +
    '.script > :not(.steps), .happened'
  for (const each of document.querySelectorAll(others)) each.style.display = 'none'
  scrollTo(0, 0)
})()`

/** In place of the steps: the order as it went. */
const showTheOrder = `(() => {
  document.querySelector('.script').style.display = 'none'
  document.querySelector('.happened').style.display = ''
})()`

const stageOf = async (page: Page): Promise<Place> => {
  const [above, below] = await Promise.all([
    page.locator('.system').boundingBox(),
    page.locator('.scene').boundingBox(),
  ])
  if (above === null || below === null) throw new Error('the stage is not on the screen')
  return { ...above, height: below.y + below.height - above.y }
}

/** Plays a scene and takes the picture of the system while it plays, then the order as it went. */
export const recordScene = async (page: Page, scene: string): Promise<Buffer> => {
  await page.locator(`[data-scene="${scene}"]`).click()
  await page.getByRole('button', { name: /^Play/ }).click()
  await page.locator('.playing').waitFor()
  await page.evaluate(leaveTheStage)
  const place = await stageOf(page)
  const stop = await watchScreen(page)
  await page.locator('.playing').waitFor({ state: 'detached', timeout: 60_000 })
  const frames = framesOf(await stop(), performance.now(), place)
  await page.evaluate(showTheOrder)
  frames.push(frameOf(await page.locator('.scene').screenshot(), lastMs))
  return encode(frames)
}
