import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { projectRoot, runTool } from '../../../tools/run-tool.ts'

/**
 * Keycloak is a program that npm does not bring. `KEYCLOAK_HOME` names one that is there already.
 * Otherwise Maven gets it once (168 MiB), and it stays in the cache of the project.
 */
const version = '26.7.3'
const artifact = `org.keycloak:keycloak-quarkus-dist:${version}:tar.gz`
const plugin = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy'
const cache = path.join(projectRoot, '.cache', 'keycloak')
const downloadTimeoutMs = 900_000
/** The oldest Java that Keycloak 26 runs on. */
const oldestJava = 17

const script = process.platform === 'win32' ? 'kc.bat' : 'kc.sh'

const outputOf = (program: string, ...args: readonly string[]): string | undefined => {
  const { stdout, stderr, error } = spawnSync(program, args, { encoding: 'utf8', timeout: 20_000 })
  return error ? undefined : `${stdout}${stderr}`
}

const javaFault = (): string | undefined => {
  const home = process.env['JAVA_HOME']
  const told = outputOf(home === undefined ? 'java' : path.join(home, 'bin', 'java'), '-version')
  const major = Number(/version "(\d+)/.exec(told ?? '')?.[1])
  if (major >= oldestJava) return undefined
  return `Java ${oldestJava} or newer (apt install openjdk-17-jre-headless, or JAVA_HOME)`
}

const startScript = (home: string) => path.join(home, 'bin', script)

const download = async (say: (line: string) => void): Promise<string> => {
  say(`getting Keycloak ${version} with Maven, once: 168 MiB`)
  await mkdir(cache, { recursive: true })
  const copy = [plugin, `-Dartifact=${artifact}`, `-DoutputDirectory=${cache}`]
  const got = await runTool('mvn', ['-B', '-q', ...copy], { timeoutMs: downloadTimeoutMs })
  const archive = path.join(
    cache,
    readdirSync(cache).find((name) => name.endsWith('.tar.gz')) ?? '',
  )
  if (got.exitCode !== 0 || !existsSync(archive)) throw new Error(`Maven failed:\n${got.output}`)
  // Unpacked beside its place, so that half of it is never taken for the whole.
  const half = path.join(cache, 'half')
  await rm(half, { recursive: true, force: true })
  await mkdir(half)
  const unpacked = await runTool('tar', ['xzf', archive, '-C', half, '--strip-components=1'])
  if (unpacked.exitCode !== 0) throw new Error(`tar failed:\n${unpacked.output}`)
  const home = path.join(cache, version)
  await rename(half, home)
  await rm(archive)
  return home
}

/** Returns the script that starts Keycloak. Throws an error that names all that is missing. */
export const findKeycloak = async (say: (line: string) => void): Promise<string> => {
  const given = process.env['KEYCLOAK_HOME']
  const home = given ?? path.join(cache, version)
  const isHere = existsSync(startScript(home))
  const missing = [javaFault()]
  if (given !== undefined && !isHere) missing.push(`KEYCLOAK_HOME with bin/${script}`)
  if (given === undefined && !isHere) {
    if (outputOf('mvn', '-v') === undefined) {
      missing.push('Maven (apt install maven), or Keycloak itself with its folder in KEYCLOAK_HOME')
    }
    if (outputOf('tar', '--version') === undefined) missing.push('tar')
  }
  const faults = missing.filter((fault) => fault !== undefined)
  if (faults.length > 0) {
    throw new Error(`Nothing was tested. This is missing:\n- ${faults.join('\n- ')}`)
  }
  return startScript(isHere ? home : await download(say))
}
