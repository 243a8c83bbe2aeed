import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { brotliDecompressSync } from 'node:zlib'
import chromium from '@sparticuz/chromium'
import { chromium as playwright } from 'playwright-core'
import { extraCss, inPagePath, mermaidConfig, paper } from './look.ts'

/**
 * Draws mermaid text as SVG in a real Chromium, without network: mermaid's
 * bundle and the font are read from node_modules. The same text gives the same
 * bytes, because ids are fixed, the font is always the same file and numbers
 * are rounded.
 */
const require = createRequire(import.meta.url)

const fontWeights = [
  ['Regular.ttf', 400],
  ['Bold.ttf', 700],
] as const

/** The font comes from the archive of the browser package, never from the machine. */
const fontFaces = (): string => {
  const packageFolder = new URL('..', `file://${require.resolve('@sparticuz/chromium')}`)
  const archive = brotliDecompressSync(readFileSync(new URL('bin/fonts.tar.br', packageFolder)))
  const faces: string[] = []
  for (let offset = 0; offset + 512 <= archive.length;) {
    const name = archive.toString('utf8', offset, offset + 100).replace(/\0.*$/s, '')
    const size = Number.parseInt(archive.toString('utf8', offset + 124, offset + 136), 8) || 0
    const file = archive.subarray(offset + 512, offset + 512 + size)
    const weight = fontWeights.find(([ending]) => name.endsWith(ending))?.[1]
    if (weight !== undefined) {
      const data = file.toString('base64')
      faces.push(
        `@font-face { font-family: 'Open Sans'; font-weight: ${weight}; src: url(data:font/ttf;base64,${data}); }`,
      )
    }
    offset += 512 + Math.ceil(size / 512) * 512
  }
  if (faces.length < 2) throw new Error('the browser package no longer carries Open Sans')
  return faces.join('\n')
}

const roundNumbers = (xml: string): string =>
  xml.replaceAll(/-?\d+\.\d{3,}/g, (number) => String(Math.round(Number(number) * 100) / 100))

const scopedCss = extraCss.trim().replaceAll(/^\s*/gm, '#picture ').replaceAll('\n', ' ')

/** The functions of in-page.js. */
interface InPage {
  preparePage: (config: unknown) => Promise<void>
  drawPicture: (input: { text: string; css: string; paper: string }) => Promise<string>
}

type Draw = (text: string) => Promise<string>

/** Opens the browser once, passes a function that draws, and always closes the browser. */
export const withRenderer = async <Result>(work: (draw: Draw) => Promise<Result>) => {
  const browser = await playwright.launch({
    executablePath: await chromium.executablePath(),
    args: chromium.args,
    headless: true,
    timeout: 30_000,
  })
  try {
    const context = await browser.newContext({ offline: true })
    const page = await context.newPage()
    page.setDefaultTimeout(30_000)
    await page.setContent('<!doctype html><meta charset="utf-8"><body></body>')
    await page.addStyleTag({ content: fontFaces() })
    await page.addScriptTag({ path: require.resolve('mermaid/dist/mermaid.min.js') })
    await page.addScriptTag({ path: inPagePath })
    await page.evaluate(
      (config) => (globalThis as unknown as InPage).preparePage(config),
      mermaidConfig,
    )
    return await work(async (text) => {
      const input = { text, css: scopedCss, paper }
      const drawing = await page.evaluate(
        (given) => (globalThis as unknown as InPage).drawPicture(given),
        input,
      )
      return roundNumbers(drawing)
    })
  } finally {
    await browser.close()
  }
}
