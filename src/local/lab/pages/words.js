/** @import { Box, BoxFault, ArrowFault, Health, LabState, Switch, Work } from '../state.ts' */
import { formatDuration } from '../../../services/gateway/pages/console/format.js'

/** What the page says about boxes, arrows and what can be done to them. */

/** @typedef {{ does: string, doing: string, explains: string, mark: string }} FaultWords */

/** @type {Readonly<Record<BoxFault | ArrowFault, FaultWords>>} */
export const faultWords = {
  kill: {
    does: 'Kill',
    doing: 'killed',
    explains: 'SIGKILL: the process is gone at once, in the middle of whatever it did.',
    mark: '✕',
  },
  pause: {
    does: 'Pause',
    doing: 'paused',
    explains: 'SIGSTOP: it keeps its connections, and answers nobody until it goes on.',
    mark: '❚❚',
  },
  restart: {
    does: 'Restart',
    doing: 'restarted',
    explains: 'It is asked to end, finishes what it has begun, and comes back.',
    mark: '↻',
  },
  stop: {
    does: 'Stop',
    doing: 'stopped',
    explains: 'Postgres ends, and with it every database of the system.',
    mark: '✕',
  },
  delay: {
    does: 'Delay',
    doing: 'late',
    explains: 'Whatever passes arrives 0.3 seconds late, on both ways.',
    mark: '…',
  },
  'lose-answers': {
    does: 'Lose answers',
    doing: 'loses answers',
    explains: 'Requests arrive and are done, but each third answer never comes back.',
    mark: '✕',
  },
  'send-twice': {
    does: 'Send twice',
    doing: 'sends twice',
    explains: 'Each request with a key arrives once more, as after a repeat that nobody needed.',
    mark: '×2',
  },
}

/** @param {string} name */
export const nameOfBox = (name) => {
  if (name === 'order-2') return 'order 2'
  return name === 'postgres' ? 'Postgres' : name
}

/** A box, or an arrow: `order>billing` is read "order → billing". @param {string} target */
export const nameOfTarget = (target) => target.split('>').map(nameOfBox).join(' → ')

/** @type {Readonly<Record<Health, string>>} */
export const healthWords = {
  ready: 'ready',
  starting: 'starting',
  waiting: 'waits for others',
  paused: 'paused',
  down: 'down',
}

/** How long a switch still lasts: whole seconds, and 1 for the last of them. @param {Switch} each @param {number} nowMs */
export const secondsLeft = ({ endsAtMs }, nowMs) =>
  endsAtMs === undefined ? undefined : Math.max(1, Math.ceil((endsAtMs - nowMs) / 1_000))

/** @param {Switch} each */
const sentenceOf = ({ fault, target }) =>
  `${nameOfTarget(target)} ${target.includes('>') && fault === 'delay' ? 'is late' : target.includes('>') ? faultWords[fault].doing : `is ${faultWords[fault].doing}`}`

/** A box that a switch explains is not named again. @param {Box} box @param {readonly Switch[]} switches */
const isExplained = ({ name }, switches) => switches.some(({ target }) => target === name)

/**
 * What is broken now, in words without figures: whoever listens hears it only when it changes.
 * @param {Pick<LabState, 'boxes' | 'switches'>} state
 */
export const brokenIn = ({ boxes, switches }) => {
  const on = switches.filter(({ isOn }) => isOn)
  const ill = boxes.filter((box) => box.health !== 'ready' && !isExplained(box, on))
  const waiting = ill.filter(({ health }) => health === 'waiting')
  return [
    ...on.map(sentenceOf),
    ...ill
      .filter(({ health }) => health !== 'waiting')
      .map(({ name, health }) => `${nameOfBox(name)} is ${healthWords[health]}`),
    // They are named in the picture. Here they would hide whom they wait for.
    ...(waiting.length === 0 ? [] : [`${waiting.length} cannot work meanwhile`]),
  ]
}

/** The same names in what the lab says of arrows: "order>billing was slow". @param {string} told */
export const withNames = (told) =>
  told.replace(/^\S+>\S+/, (/** @type {string} */ target) => nameOfTarget(target))

/** What waits, and what is not known of it. @param {Omit<Work, 'history'>} work */
export const workWords = ({ undecided, owedLetters, oldestMs, silent }) => {
  if (undecided === undefined) return 'Nobody can tell: order, or its database, is away.'
  const unknown =
    silent.length === 0 ? '' : ` Open rows of ${silent.map(nameOfBox).join(' and ')} are not known.`
  if (undecided === 0 && (owedLetters ?? 0) === 0) {
    return unknown === '' ? 'Nothing waits.' : `Nothing else waits.${unknown}`
  }
  const age = oldestMs === undefined ? '' : `The oldest waits for ${formatDuration(oldestMs)}. `
  return `${age}They heal by themselves.${unknown}`
}

/** A figure that is read while it changes. @param {number} perSecond */
export const rate = (perSecond) =>
  `${perSecond >= 0.05 && perSecond < 10 ? perSecond.toFixed(1) : Math.round(perSecond)}/s`
