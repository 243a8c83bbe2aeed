import type { Reads } from '../../platform/calls/reads.ts'
import { retrySoon } from '../../platform/base/errors.ts'
import { userAgentOf } from '../../platform/base/user-agent.ts'
import { sendOverloaded, sendProblem, type AdmittedRequest } from '../../platform/http/admission.ts'
import type { ServiceResponse } from '../../platform/http/response.ts'

/**
 * Follows one order or booking for somebody who looks at it. While they look, the service is asked with
 * their own token, and what it answers is passed on when it has changed. So nobody sees more than by
 * asking themselves, and nothing happens while nobody looks.
 */
export interface LiveDeps {
  readonly times?: Partial<Times>
  readonly maxStreams?: number
  readonly maxPerPerson?: number
}

interface Times {
  readonly everyMs: number
  /** Each look of an operator is written down. */
  readonly everyMsForOperators: number
  readonly lastsMs: number
  readonly heartbeatMs: number
  /** How long a service may be away before the stream ends. */
  readonly patienceMs: number
}

const usualTimes: Times = {
  everyMs: 400,
  everyMsForOperators: 950,
  lastsMs: 300_000,
  heartbeatMs: 10_000,
  patienceMs: 30_000,
}

const usualMaxStreams = 64
const usualMaxPerPerson = 4

export interface Followed {
  /** The name of the event. */
  readonly what: 'order' | 'booking'
  readonly path: string
  readonly reads: Reads
}

type Why = 'settled' | 'time' | 'stopping' | 'signed-out' | 'gone' | 'unavailable'

interface Owing {
  readonly owes?: unknown
  readonly changes?: readonly Owing[]
}

/** Whether something is still to come. What cannot be read is followed on. */
const isOwing = (body: string): boolean => {
  try {
    const { owes, changes = [] } = JSON.parse(body) as Owing
    return owes !== false || changes.some((change) => change.owes !== false)
  } catch {
    return true
  }
}

type Answer = Awaited<ReturnType<Reads['read']>>

/** What an answer means for somebody who follows. Undefined: nothing new, it is asked again. */
const endOf = ({ status, body }: Answer): Why | undefined => {
  if (status === 200) return isOwing(body) ? undefined : 'settled'
  if (status === 401 || status === 403) return 'signed-out'
  return status === 404 ? 'gone' : undefined
}

const event = (name: string, data: string) => `event: ${name}\ndata: ${data}\n\n`

const passedOn = ['content-type', 'www-authenticate', 'retry-after']

/** The first answer is no stream when it is a refusal: it is told as the service tells it. */
const passOn = ({ status, headers, body }: Answer, response: ServiceResponse) => {
  const kept = passedOn.flatMap((name) => {
    const value = headers[name]
    return typeof value === 'string' ? [[name, value] as const] : []
  })
  response.writeHead(status, Object.fromEntries(kept))
  response.end(body)
}

/** One stream, from its first event to its end. */
const createStream = (
  response: ServiceResponse,
  {
    what,
    ask,
    times,
    everyMs,
    onEnd,
  }: {
    readonly what: string
    readonly ask: () => Promise<Answer>
    readonly times: Times
    readonly everyMs: number
    readonly onEnd: () => void
  },
) => {
  const startedAtMs = performance.now()
  let [shown, writtenAtMs, answeredAtMs] = ['', startedAtMs, startedAtMs]
  let timer: NodeJS.Timeout | undefined
  let isOver = false

  const begin = () => {
    if (response.headersSent) return
    response.isStream = true
    response.writeHead(200, { 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' })
  }
  const write = (text: string) => {
    writtenAtMs = performance.now()
    response.write(text)
  }
  const close = () => {
    if (isOver) return
    isOver = true
    clearTimeout(timer)
    onEnd()
  }
  const end = (why: Why) => {
    if (isOver) return
    close()
    begin()
    response.end(event('end', JSON.stringify({ why })))
  }
  const show = (answer: Answer) => {
    if (answer.status === 200 && answer.body !== shown) {
      shown = answer.body
      write(event(what, shown))
    }
    const why = endOf(answer)
    if (why !== undefined) end(why)
  }

  const look = async () => {
    const nowMs = performance.now()
    if (nowMs - startedAtMs > times.lastsMs) return end('time')
    // A client that does not read gets the newest when it does, and nothing piles up for it.
    if (response.writableLength === 0) {
      const answer = await ask().catch(() => undefined)
      if (isOver) return undefined
      if (answer !== undefined && answer.status < 500) answeredAtMs = performance.now()
      if (answer !== undefined) show(answer)
      if (performance.now() - answeredAtMs > times.patienceMs) return end('unavailable')
      if (performance.now() - writtenAtMs > times.heartbeatMs && !isOver) write(':\n\n')
    } else if (nowMs - writtenAtMs > times.patienceMs) {
      response.destroy()
    }
    if (!isOver) timer = setTimeout(() => void look(), everyMs)
    return undefined
  }

  return {
    start: (first: Answer) => {
      response.once('close', close)
      begin()
      show(first)
      if (!isOver) timer = setTimeout(() => void look(), everyMs)
    },
    end,
  }
}

export const createLive = ({
  times: given = {},
  maxStreams = usualMaxStreams,
  maxPerPerson = usualMaxPerPerson,
}: LiveDeps = {}) => {
  const times = { ...usualTimes, ...given }
  /** Who follows with it. */
  const open = new Map<ReturnType<typeof createStream>, string>()
  let isStopping = false

  const hasRoom = (personId: string) => {
    const theirs = [...open.values()].filter((each) => each === personId)
    return !isStopping && open.size < maxStreams && theirs.length < maxPerPerson
  }

  const follow = async (
    { what, path, reads }: Followed,
    request: AdmittedRequest,
    response: ServiceResponse,
  ): Promise<void> => {
    const { caller, requestId, headers } = request
    if (caller?.kind !== 'person') throw new Error('nobody follows without a token')
    const { id, isOperator } = caller.person
    if (!hasRoom(id)) return sendOverloaded(response, requestId)
    const sent = {
      authorization: headers.authorization ?? '',
      accept: 'application/json',
      'x-request-id': requestId,
      'user-agent': userAgentOf('gateway'),
    }
    const stream = createStream(response, {
      what,
      ask: () => reads.read(path, sent),
      times,
      everyMs: isOperator ? times.everyMsForOperators : times.everyMs,
      onEnd: () => open.delete(stream),
    })
    // Counted from here on: many may come while the first answers are under way.
    open.set(stream, id)
    const first = await reads.read(path, sent).catch(() => undefined)
    // This process was told to stop meanwhile, and so were they.
    if (!open.has(stream)) return undefined
    if (first?.status === 200 && request.askedMethod !== 'HEAD' && !response.destroyed) {
      return stream.start(first)
    }
    open.delete(stream)
    if (first === undefined) {
      return sendProblem(
        response,
        requestId,
        'upstream-unavailable',
        `${what} could not be asked.`,
        {
          headers: retrySoon,
        },
      )
    }
    if (first.status !== 200) return passOn(first, response)
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.end()
    return undefined
  }

  return {
    follow,
    count: () => open.size,
    /** Tells all who follow that this process stops: they come again, and find another. */
    stop: () => {
      isStopping = true
      for (const stream of open.keys()) stream.end('stopping')
    },
  }
}

export type Live = ReturnType<typeof createLive>
