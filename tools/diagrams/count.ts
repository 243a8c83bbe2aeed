/**
 * Counts what a sequence diagram costs, from its text. It counts the run without failures:
 * everything outside of `opt`, `alt`, `break` and `critical` blocks, which show the failures.
 *
 * A message is an arrow between two participants, so a request and its answer are two. A commit is
 * a note that begins with "commit:" (a service's own database). A broker's write is a note that
 * begins with "stored:".
 */
export interface Cost {
  readonly messages: number
  readonly commits: number
  readonly brokerWrites: number
  /** Messages until the client has its first answer, with that answer. */
  readonly messagesToAnswer: number
  readonly commitsToAnswer: number
  /** Messages until the client is told how it ended, counted in the same way. */
  readonly messagesToDecision: number
  readonly commitsToDecision: number
  readonly brokerWritesToDecision: number
}

const arrow = /^(\w+?)(-->>|->>|--x|-x)(\w+): (.+)$/
const note = /^Note over [\w,]+: (commit|stored): /
const opens = /^(rect|par|opt|alt|loop|break|critical|box)\b/
const holdsFailure = /^(opt|alt|break|critical)\b/
const decided = /\b(APPROVED|REJECTED|OPEN|DONE)\b/

export const costOf = (text: string): Cost => {
  let messages = 0
  let commits = 0
  let brokerWrites = 0
  let answer: Pick<Cost, 'messagesToAnswer' | 'commitsToAnswer'> | undefined
  let decision:
    | Pick<Cost, 'messagesToDecision' | 'commitsToDecision' | 'brokerWritesToDecision'>
    | undefined
  const blocks: boolean[] = []
  for (const line of text.split('\n').map((each) => each.trim())) {
    if (opens.test(line)) blocks.push(holdsFailure.test(line))
    else if (line === 'end') blocks.pop()
    if (blocks.includes(true)) continue
    const kind = note.exec(line)?.[1]
    if (kind === 'commit') commits += 1
    if (kind === 'stored') brokerWrites += 1
    const [, from, , to, label = ''] = arrow.exec(line) ?? []
    if (from === undefined || from === to) continue
    messages += 1
    if (to !== 'client') continue
    answer ??= { messagesToAnswer: messages, commitsToAnswer: commits }
    if (decided.test(label)) {
      decision ??= {
        messagesToDecision: messages,
        commitsToDecision: commits,
        brokerWritesToDecision: brokerWrites,
      }
    }
  }
  if (!answer || !decision) throw new Error('a scenario has to end with an answer to the client')
  return { messages, commits, brokerWrites, ...answer, ...decision }
}
