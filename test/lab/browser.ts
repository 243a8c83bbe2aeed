import { createReadStream, createWriteStream } from 'node:fs'
import { access, chmod, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import { brotliDecompressSync, createBrotliDecompress } from 'node:zlib'
import { chromium, type Browser, type LaunchOptions } from 'playwright-core'

/**
 * A real Chromium for tests. On 64-bit Linux it comes from an npm package, with the fonts and
 * libraries that a bare machine lacks, and runs for every user, also for root. Elsewhere tests use
 * an installed Chrome. `CHROME_PATH` overrules both.
 */
const packageFolder = new URL(
  '..',
  `file://${createRequire(import.meta.url).resolve('@sparticuz/chromium')}`,
)

const tarBlockBytes = 512

const textAt = (block: Buffer, from: number, to: number) =>
  block.toString('utf8', from, to).replace(/\0.*$/s, '')

/** These archives hold only plain files with short names. */
const filesInTar = function* (archive: Buffer) {
  for (let offset = 0; offset + tarBlockBytes <= archive.length;) {
    const name = textAt(archive, offset, offset + 100)
    const size = Number.parseInt(textAt(archive, offset + 124, offset + 136), 8) || 0
    const isFile = archive[offset + 156] === 0x30
    const start = offset + tarBlockBytes
    if (isFile && name) yield { name, content: archive.subarray(start, start + size) }
    offset = start + Math.ceil(size / tarBlockBytes) * tarBlockBytes
  }
}

const unpackTar = async (name: string, into: string) => {
  const packed = await readFile(new URL(`bin/${name}`, packageFolder))
  for (const { name: path, content } of filesInTar(brotliDecompressSync(packed))) {
    const target = join(into, path)
    await mkdir(dirname(target), { recursive: true })
    await writeFile(target, content)
  }
}

const exists = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  )

/** The settings name the folder's final place, because Chromium reads them there. */
const unpack = async (into: string, home: string) => {
  const executable = join(into, 'chromium')
  await pipeline(
    createReadStream(new URL('bin/chromium.br', packageFolder)),
    createBrotliDecompress(),
    createWriteStream(executable),
  )
  await chmod(executable, 0o755)
  await unpackTar('fonts.tar.br', into)
  await unpackTar('al2023.tar.br', into)
  const fonts = join(home, 'fonts')
  const cache = join(home, 'font-cache')
  const settings = `<?xml version="1.0"?>
<fontconfig>
  <dir>${fonts}</dir>
  <dir>/usr/share/fonts</dir>
  <cachedir>${cache}</cachedir>
  <alias><family>serif</family><prefer><family>Open Sans</family></prefer></alias>
  <alias><family>sans-serif</family><prefer><family>Open Sans</family></prefer></alias>
  <alias><family>system-ui</family><prefer><family>Open Sans</family></prefer></alias>
</fontconfig>`
  await writeFile(join(into, 'fonts.conf'), settings)
}

/** Unpacks each version once per user, under another name first, so that nobody sees half a browser. */
const bundledBrowser = async (): Promise<LaunchOptions> => {
  const manifest = await readFile(new URL('package.json', packageFolder), 'utf8')
  const { version } = JSON.parse(manifest) as { version: string }
  const folder = join(tmpdir(), `orderly-chromium-${version}-${process.getuid?.() ?? 0}`)
  if (!(await exists(folder))) {
    const fresh = await mkdtemp(`${folder}-`)
    await unpack(fresh, folder)
    // If another process was faster, it has made the same.
    await rename(fresh, folder).catch(() => rm(fresh, { recursive: true, force: true }))
  }
  return {
    executablePath: join(folder, 'chromium'),
    env: {
      ...process.env,
      HOME: folder,
      FONTCONFIG_FILE: join(folder, 'fonts.conf'),
      LD_LIBRARY_PATH: join(folder, 'lib'),
    },
  }
}

const commonArguments = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-dev-shm-usage',
  '--font-render-hinting=none',
]

const candidates = async (): Promise<LaunchOptions[]> => {
  const given = process.env['CHROME_PATH']
  if (given) return [{ executablePath: given }]
  const installed: LaunchOptions[] = [
    { channel: 'chrome' },
    { channel: 'msedge' },
    { channel: 'chromium' },
  ]
  const hasBundled = process.platform === 'linux' && process.arch === 'x64'
  return hasBundled ? [await bundledBrowser(), ...installed] : installed
}

export interface BrowserOptions {
  /** Chromium's own name resolution: `MAP arch.homework 127.0.0.1:8000`. */
  readonly hostRules?: string
}

const launchTimeoutMs = 30_000

export const launchBrowser = async ({ hostRules }: BrowserOptions = {}): Promise<Browser> => {
  const args = [...commonArguments, ...(hostRules ? [`--host-resolver-rules=${hostRules}`] : [])]
  const complaints: string[] = []
  for (const candidate of await candidates()) {
    try {
      return await chromium.launch({ ...candidate, args, timeout: launchTimeoutMs })
    } catch (error) {
      complaints.push((error as Error).message.split('\n').slice(0, 3).join(' '))
    }
  }
  throw new Error(
    `no browser starts on this machine: install Google Chrome, or set CHROME_PATH to a Chromium.\n${complaints.join('\n')}`,
  )
}

/** A temporary folder that is removed at the end, or docs with `npm run screenshots`. */
export const screenshotsFolder = async (): Promise<string> => {
  if (process.env['MODE'] !== 'screenshots') return mkdtemp(join(tmpdir(), 'orderly-screenshots-'))
  const folder = fileURLToPath(new URL('../../docs/screenshots', import.meta.url))
  await mkdir(folder, { recursive: true })
  return folder
}
