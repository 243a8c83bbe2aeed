import { bug } from './mutation.ts'

/** Bugs in the lab: what it breaks, whom it listens to, and where it must not be. */
const lab = 'test/launcher/lab.test.ts'
const server = 'src/local/lab/server.ts'

export const labMutations = [
  bug(
    'a switch of the lab never ends by itself',
    [lab],
    ['src/local/lab/switches.ts', 'timer: setTimeout(off, ms)', 'timer: setTimeout(() => {}, ms)'],
  ),
  bug(
    'a process that the lab killed comes back at once',
    [lab],
    ['src/local/launcher/hands.ts', 'down ??= Promise.withResolvers()', ''],
  ),
  bug(
    'the lab answers to any name',
    [lab],
    [server, 'if (!names.includes(host)) {', 'if (host === undefined) {'],
  ),
  bug(
    'any page may break things in the lab',
    [lab],
    [server, 'if (isWriting(req.method) && isForeign) {', 'if (isWriting(req.method) && !host) {'],
  ),
  bug(
    'answers that the lab should lose arrive',
    ['test/lab/link.test.ts'],
    ['src/local/lab/link/faults.ts', 'return loseAnswers(fault.each, strikes)', 'return {}'],
  ),
  bug(
    'a scene of the lab does not mind a second letter',
    ['src/local/lab/judgement.test.ts'],
    ['src/local/lab/judgement.ts', 'isPaidOnce && letters === 1', 'isPaidOnce'],
  ),
  bug(
    'the image holds the lab',
    ['test/house/lab.test.ts'],
    ['.dockerignore', 'src/local/lab', 'src/local/laboratory'],
  ),
]
