/** @import { BookingDetails, OrderChange, OrderDetails, TimelineEntry } from './types.ts' */
import { formatDuration, formatMoney } from './format.js'

/**
 * What happened to an order or a booking, from its timeline: who asked whom, what was answered, and
 * what was decided by it. It only retells; what no timeline says is not here.
 *
 * @typedef {'good' | 'bad' | 'waiting' | 'plain'} Tone
 *
 * @typedef {object} Ask Somebody asks for something, and the timelines begin.
 * @property {'ask'} kind
 * @property {string} from
 * @property {string} to
 * @property {string} label
 * @property {number} atMs
 *
 * @typedef {object} Call One attempt at one step.
 * @property {'call'} kind
 * @property {string} from
 * @property {string} to
 * @property {string} label
 * @property {string} answer
 * @property {'done' | 'refused' | 'unknown'} outcome
 * @property {boolean} isRecovery
 * @property {number} attempt
 * @property {number} atMs
 * @property {number} ms
 *
 * @typedef {object} Note What a service did by itself, or what was decided.
 * @property {'note' | 'state'} kind
 * @property {string} on
 * @property {string} label
 * @property {Tone} tone
 * @property {number} atMs
 *
 * @typedef {object} Pause Nothing happened for a while.
 * @property {'pause'} kind
 * @property {number} ms
 * @property {number} atMs
 *
 * @typedef {object} Waiting It goes on.
 * @property {'waiting'} kind
 * @property {string} on
 * @property {string} label
 * @property {number} atMs
 *
 * @typedef {Ask | Call | Note | Pause | Waiting} StoryEvent
 * @typedef {{ lifelines: readonly string[], events: readonly StoryEvent[], isOpen: boolean }} Story
 */

/** Shorter pauses are the work itself. */
const pauseFromMs = 400

/** Whom each step asks. A step that is not here asks nobody. @type {Readonly<Record<string, string>>} */
const askedBy = {
  withdraw: 'billing',
  'settle-difference': 'billing',
  refund: 'billing',
  'open-account': 'billing',
  'ask-user': 'user',
  letter: 'notification',
  letters: 'notification',
  managers: 'company',
  'make-login': 'identity',
}

/** @type {Readonly<Record<string, string>>} */
const words = {
  'ask-user': 'Is there such a user?',
  'open-account': 'Open the account',
  'make-login': 'Make the login',
  'nothing-to-move': 'no money has to move',
  'hold-over': 'not paid in time: it lets go',
  managers: 'Who manages the company?',
  letter: 'Write the letter',
  letters: 'Write the letters',
}

/** @type {Readonly<Record<string, string>>} */
const reasons = {
  'insufficient-funds': 'too little money',
  'account-not-found': 'no account',
  'user-not-found': 'no such user',
  'withdrawal-refunded': 'refunded before it came',
}

/** @param {string} reason */
const inWords = (reason) => reasons[reason] ?? reason.replaceAll('-', ' ')

/** @param {TimelineEntry} entry */
const answerOf = ({ outcome, ms, reason, calls }) => {
  const told = reason === undefined ? '' : `: ${outcome === 'refused' ? inWords(reason) : reason}`
  const word = outcome === 'unknown' ? 'no answer' : outcome
  const repeated = calls === undefined ? '' : `, asked ${calls} times with one key`
  return `${word}${told}${repeated} · ${formatDuration(ms)}`
}

/** @param {string} text */
const asOutcome = (text) => {
  if (text === 'done' || text === 'refused' || text === 'unknown') return text
  throw new Error(`there is no outcome ${text}`)
}

/**
 * @param {string} owner
 * @param {TimelineEntry} entry
 * @param {Readonly<Record<string, string>>} [special]
 * @returns {Call | Note}
 */
const eventOf = (owner, entry, special = {}) => {
  const { step, attempt, ms } = entry
  const label = special[step] ?? words[step] ?? step.replaceAll('-', ' ')
  const atMs = Date.parse(entry.at) - ms
  const to = askedBy[step]
  if (to === undefined) return { kind: 'note', on: owner, label, tone: 'plain', atMs }
  return {
    kind: 'call',
    from: owner,
    to,
    label,
    answer: answerOf(entry),
    outcome: asOutcome(entry.outcome),
    isRecovery: attempt > 1,
    attempt,
    atMs,
    ms,
  }
}

const isLetter = (/** @type {TimelineEntry} */ { step }) => step === 'letter'

/**
 * Once recovery has taken a row, all that follows is recovery's, also the first attempt at the
 * letter: the attempts are counted anew after a decision.
 * @param {readonly (Call | Note)[]} events
 */
const byWhomEach = (events) => {
  const taken = events.findIndex((event) => event.kind === 'call' && event.isRecovery)
  return events.map((event, index) =>
    event.kind === 'call' && taken >= 0 && index > taken ? { ...event, isRecovery: true } : event,
  )
}

/**
 * The events of a row that makes one decision, with the decision where it fell: behind the last
 * definite answer that was not about a letter.
 * @param {string} owner
 * @param {readonly TimelineEntry[]} timeline
 * @param {Readonly<Record<string, string>>} special
 * @param {{ label: string, tone: Tone } | undefined} decision
 * @param {number} createdMs
 * @returns {StoryEvent[]}
 */
const decidedEvents = (owner, timeline, special, decision, createdMs) => {
  /** @type {StoryEvent[]} */
  const events = byWhomEach(timeline.map((entry) => eventOf(owner, entry, special)))
  if (decision === undefined) return events
  const deciding = timeline.findLastIndex(
    (entry) => !isLetter(entry) && entry.outcome !== 'unknown',
  )
  // The timeline keeps its first twenty entries and the last one, so the answer may be missing.
  const firstLetter = timeline.findIndex(isLetter)
  const found = deciding >= 0 ? deciding + 1 : firstLetter
  const place = found >= 0 ? found : timeline.length
  const before = timeline[place - 1]
  const atMs = before === undefined ? createdMs : Date.parse(before.at)
  events.splice(place, 0, { kind: 'state', on: owner, ...decision, atMs })
  return events
}

/** @type {Readonly<Record<string, { label: string, tone: Tone } | undefined>>} */
const orderDecisions = {
  APPROVED: { label: 'APPROVED', tone: 'good' },
  CANCELLED: { label: 'APPROVED', tone: 'good' },
  REJECTED: { label: 'REJECTED', tone: 'bad' },
}

/** @param {OrderChange} change */
const moneyWords = ({ kind, fromPrice, toPrice }) => {
  if (kind === 'CANCEL' || toPrice === null) return `Give back ${formatMoney(fromPrice)}`
  const more = toPrice - fromPrice
  return more > 0 ? `Take ${formatMoney(more)} more` : `Give back ${formatMoney(-more)}`
}

/** @param {OrderChange} change @returns {{ label: string, tone: Tone } | undefined} */
const changeDecision = ({ kind, status, toPrice }) => {
  if (status === 'PENDING') return undefined
  if (status === 'REFUSED') return { label: 'AS BEFORE', tone: 'bad' }
  return kind === 'CANCEL'
    ? { label: 'CANCELLED', tone: 'plain' }
    : { label: `NOW ${formatMoney(toPrice ?? 0)}`, tone: 'good' }
}

/** @param {OrderChange} change @returns {StoryEvent[]} */
const eventsOfChange = (change) => {
  const { kind, toPrice, createdAt, timeline } = change
  const label = kind === 'CANCEL' ? 'Cancel it' : `Make it ${formatMoney(toPrice ?? 0)}`
  const createdMs = Date.parse(createdAt)
  return [
    { kind: 'ask', from: 'you', to: 'order', label, atMs: createdMs },
    ...decidedEvents(
      'order',
      timeline,
      { 'settle-difference': moneyWords(change) },
      changeDecision(change),
      createdMs,
    ),
  ]
}

/** @param {StoryEvent} event */
const endOf = (event) => event.atMs + (event.kind === 'call' ? event.ms : 0)

/**
 * No event of a strand is before the one above it: two clocks, and rounding, may say so.
 * @param {StoryEvent[]} strand
 */
const straighten = (strand) => {
  let latestMs = 0
  return strand.map((event) => {
    latestMs = Math.max(latestMs, event.atMs)
    return { ...event, atMs: latestMs }
  })
}

/**
 * In the order of time, with the pauses between.
 * @param {StoryEvent[][]} strands
 * @returns {StoryEvent[]}
 */
const inOrder = (strands) => {
  /** @type {StoryEvent[]} */
  const told = []
  let restsFromMs = Infinity
  for (const event of strands.flatMap(straighten).toSorted((a, b) => a.atMs - b.atMs)) {
    const ms = event.atMs - restsFromMs
    if (ms >= pauseFromMs) told.push({ kind: 'pause', ms, atMs: restsFromMs })
    told.push(event)
    restsFromMs = told.length === 1 ? endOf(event) : Math.max(restsFromMs, endOf(event))
  }
  return told
}

/** Everybody who takes part, from left to right. @type {readonly string[]} */
const places = ['you', 'order', 'booking', 'company', 'user', 'identity', 'billing', 'notification']

/**
 * @param {string} owner
 * @param {StoryEvent[][]} strands
 * @param {string | undefined} waiting what is still to come
 * @returns {Story}
 */
const tell = (owner, strands, waiting) => {
  const events = inOrder(strands)
  // Whoever always takes part is there from the beginning: nothing moves when the picture grows.
  const taking = new Set(['you', owner, 'billing', 'notification'])
  for (const event of events) if (event.kind === 'call') taking.add(event.to)
  if (waiting !== undefined) {
    const atMs = Math.max(...events.map(endOf))
    events.push({ kind: 'waiting', on: owner, label: waiting, atMs })
  }
  return {
    lifelines: places.filter((name) => taking.has(name)),
    events,
    isOpen: waiting !== undefined,
  }
}

const undecided = 'not decided yet: tried again by itself'
const owed = 'a letter is owed: sent again by itself'

/** Whether an order is undecided, or owes something. @param {OrderDetails} order */
export const isOrderOpen = ({ status, owes, changes }) =>
  status === 'PENDING' ||
  owes ||
  changes.some((change) => change.status === 'PENDING' || change.owes)

/** @param {OrderDetails} order @returns {Story} */
export const storyOfOrder = (order) => {
  const { price, status, createdAt, timeline, changes } = order
  // The price is the present one; the order was placed for that of before its first change.
  const firstDone = changes.findLast((change) => change.status === 'DONE')
  const asked = formatMoney(firstDone?.fromPrice ?? price)
  const createdMs = Date.parse(createdAt)
  const special = { withdraw: `Take ${asked}` }
  const isUndecided = status === 'PENDING' || changes.some((change) => change.status === 'PENDING')
  const waiting = isUndecided ? undecided : owed
  return tell(
    'order',
    [
      [
        { kind: 'ask', from: 'you', to: 'order', label: `Order for ${asked}`, atMs: createdMs },
        ...decidedEvents('order', timeline, special, orderDecisions[status], createdMs),
      ],
      ...changes.toReversed().map(eventsOfChange),
    ],
    isOrderOpen(order) ? waiting : undefined,
  )
}

const undecidedBookings = new Set(['PENDING', 'RELEASING', 'CANCELLING'])

/** Whether a booking is undecided, or owes something. @param {BookingDetails} booking */
export const isBookingOpen = ({ status, owes }) => undecidedBookings.has(status) || owes

/** Who cancelled it, in words. @type {Readonly<Record<string, string>>} */
const cancellers = { CUSTOMER: 'you', COMPANY: 'the company', OPERATOR: 'an operator' }

const aboutLetters = new Set(['managers', 'letters'])

const isAboutLetters = (/** @type {TimelineEntry} */ { step }) => aboutLetters.has(step)

/**
 * What was decided about a booking, each state behind the answer that made it so.
 * @param {BookingDetails} booking
 * @returns {StoryEvent[]}
 */
const bookingEvents = ({ status, cancelledBy, price, timeline }) => {
  const special = {
    withdraw: `Take ${formatMoney(price)}`,
    refund: `Give back ${formatMoney(price)}`,
  }
  const money = timeline.filter((entry) => !isAboutLetters(entry))
  const isDefinite = (/** @type {TimelineEntry} */ { outcome }) => outcome !== 'unknown'
  const givesBackFrom = money.findIndex(({ step }) => step !== 'withdraw')
  const isBefore = (/** @type {number} */ index) => givesBackFrom < 0 || index < givesBackFrom
  const paid = money.findIndex((entry, index) => isDefinite(entry) && isBefore(index))
  const ended = money.findLastIndex(
    (entry, index) => isDefinite(entry) && !isBefore(index) && entry.step !== 'hold-over',
  )
  const events = money.map((entry) => [eventOf('booking', entry, special)])
  /** @param {number} index @param {string} label @param {Tone} tone */
  const decide = (index, label, tone) => {
    const atMs = Date.parse(money[index]?.at ?? '')
    if (index >= 0) events[index]?.push({ kind: 'state', on: 'booking', label, tone, atMs })
  }
  if (money[paid]?.outcome === 'refused') decide(paid, 'REFUSED', 'bad')
  else if (cancelledBy !== null || status === 'PAID' || status === 'COMPLETED') {
    decide(paid, 'PAID', 'good')
  }
  if (status === 'RELEASED') decide(ended, 'RELEASED', 'bad')
  if (status === 'CANCELLED') decide(ended, 'CANCELLED', 'plain')
  const first = money[givesBackFrom]
  if (first?.step === 'refund') {
    const by = cancelledBy === null ? undefined : cancellers[cancelledBy]
    const label = by === undefined ? 'the time is gone: it lets go' : `cancelled by ${by}`
    const atMs = Date.parse(first.at) - first.ms
    events[givesBackFrom]?.unshift({ kind: 'note', on: 'booking', label, tone: 'plain', atMs })
  }
  return events.flat()
}

/**
 * Letters to several people may be on their way at the same time. The first attempt is made by
 * whoever decided.
 * @param {BookingDetails} booking
 */
const letterStrands = ({ timeline }) =>
  timeline.filter(isAboutLetters).map((entry) => {
    const event = eventOf('booking', entry)
    const deciding = timeline.findLast((one) => !isAboutLetters(one) && one.at <= entry.at)
    const isRecovery = entry.attempt > 1 || (deciding !== undefined && deciding.attempt > 1)
    return [event.kind === 'call' ? { ...event, isRecovery } : event]
  })

/** @param {BookingDetails} booking @returns {Story} */
export const storyOfBooking = (booking) => {
  const { title, status, createdAt } = booking
  const waiting = undecidedBookings.has(status)
    ? undecided
    : 'letters are owed: sent again by themselves'
  const label = `Book “${title}”`
  const atMs = Date.parse(createdAt)
  return tell(
    'booking',
    [
      [{ kind: 'ask', from: 'you', to: 'booking', label, atMs }, ...bookingEvents(booking)],
      ...letterStrands(booking),
    ],
    isBookingOpen(booking) ? waiting : undefined,
  )
}

/** Each event as a sentence: for those who do not see the picture. @param {StoryEvent} event */
export const sentenceOf = (event) => {
  switch (event.kind) {
    case 'ask':
      return `${event.from === 'you' ? 'You ask' : `${event.from} asks`} ${event.to}: ${event.label}.`
    case 'call': {
      const again = event.attempt > 1 ? `, attempt ${event.attempt}` : ''
      const who = event.isRecovery ? `Recovery${again}: ` : ''
      return `${who}${event.from} asks ${event.to}: ${event.label} → ${event.answer}.`
    }
    case 'note':
      return `${event.on}: ${event.label}.`
    case 'state':
      return `${event.on} stores: ${event.label}.`
    case 'pause':
      return `${formatDuration(event.ms)} later:`
    case 'waiting':
      return `${event.on}: ${event.label}.`
  }
}
