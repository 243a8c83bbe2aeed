import { bug } from './mutation.ts'

/** Bugs in what the console tells: the story of an order, what is read live, and what is served. */
const pages = 'src/services/gateway/pages/console'
const story = `${pages}/story.test.ts`

export const consoleMutations = [
  bug(
    'the picture of an order takes recovery for the request',
    [story],
    [`${pages}/story.js`, 'isRecovery: attempt > 1', 'isRecovery: attempt > 2'],
  ),
  bug(
    'the picture of an order decides before the answer',
    [story],
    [`${pages}/story.js`, 'deciding >= 0 ? deciding + 1 : firstLetter', 'firstLetter - 1'],
  ),
  bug(
    'nobody follows an order whose letter is owed',
    [story],
    [`${pages}/story.js`, "  status === 'PENDING' ||\n  owes ||\n", "  status === 'PENDING' ||\n"],
  ),
  bug(
    'a live event that comes in two parts is lost',
    [`${pages}/live.test.ts`],
    [`${pages}/live.js`, "    rest = blocks.pop() ?? ''\n", "    blocks.pop()\n    rest = ''\n"],
  ),
  bug(
    'the console imports packages by their names',
    ['src/services/gateway/console-files.test.ts'],
    ['src/services/gateway/console-files.ts', '? { fill: forBrowsers } : {}', '? {} : {}'],
  ),
  bug(
    'money is read a hundred times too small',
    [`${pages}/format.test.ts`],
    [`${pages}/format.js`, 'Number(whole) * 100', 'Number(whole)'],
  ),
]
