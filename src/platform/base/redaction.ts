/**
 * Logs tell what happened and to which id, never to whom: every entry passes
 * through here before it is written. Whoever logs a whole answer, a whole letter
 * or an error of the database by mistake gives nothing away by that.
 */
const hidden = '[redacted]'

/** Fields of an entry that hold what people told us, however they are spelled. */
const personalFields = new Set(
  `email username firstname lastname fullname phone address subject body text description detail
  data payload query params parameters headers authorization cookie setcookie credentials password
  secret token accesstoken refreshtoken idtoken apikey idempotencykey`.split(/\s+/),
)

/** What is kept of an object inside an entry: it came from elsewhere, and nobody knows what is in it. */
const plainInside = /^(?:id|\w+Id|code|status|kind|reason|outcome|step|attempts?|ms)$/

/** Names of fields come from the code, so there are few of them. */
const isPersonal = (() => {
  const known = new Map<string, boolean>()
  return (name: string): boolean => {
    let answer = known.get(name)
    if (answer === undefined) {
      answer = personalFields.has(name.toLowerCase().replaceAll(/[^a-z]/g, ''))
      known.set(name, answer)
    }
    return answer
  }
})()

/** An address, or the password in the address of a database, wherever it stands in a text. */
const mailAddress = /[^\s/"'`<>()[\]{},;:=@]+(?:@|%40)[^\s/"'`<>()[\]{},;:=@]+/gi

const mayHoldAddress = (text: string) => text.includes('@') || text.includes('%40')

export const hideAddresses = (text: string): string =>
  mayHoldAddress(text) ? text.replaceAll(mailAddress, hidden) : text

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null

const maxDepth = 4

const hideInside = (value: unknown, isPlain: boolean, depth: number): unknown => {
  if (value instanceof Error) return describeError(value)
  if (Array.isArray(value)) {
    return depth > maxDepth ? hidden : value.map((item) => hideInside(item, isPlain, depth + 1))
  }
  if (isObject(value)) {
    if (depth > maxDepth) return hidden
    return Object.fromEntries(
      Object.entries(value).map(([name, inner]) => [
        name,
        hideInside(inner, plainInside.test(name), depth + 1),
      ]),
    )
  }
  if (!isPlain && value !== null && value !== undefined) return hidden
  return typeof value === 'string' ? hideAddresses(value) : value
}

/** The database and the parser of JSON quote what they did not like. */
const messageOf = (error: Error): string => {
  if (error instanceof SyntaxError) return 'a text could not be parsed'
  if (error.name === 'PostgresError') return error.message.replace(/: ".*/s, `: ${hidden}`)
  // Drizzle tells the parameters in a line of its own below the statement.
  const [told = ''] = error.message.split('\nparams:')
  return hideAddresses(told)
}

/** The lines of a stack below the message, which the stack repeats. */
const framesOf = ({ stack = '' }: Error): string =>
  stack
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
    .join('\n')

/** What Postgres tells about an error beside values: its `detail` and `where` quote whole rows. */
const plainOfError =
  'code errno syscall severity routine schema_name table_name column_name constraint_name'.split(
    ' ',
  )

/** An error without the values that were in it, as an object for the log. */
export const describeError = (error: Error, depth = 0): Record<string, unknown> => {
  const fields = error as unknown as Record<string, unknown>
  const plain = plainOfError.filter((name) => fields[name] !== undefined)
  const causes = [error.cause, ...(error instanceof AggregateError ? error.errors : [])]
  const known = causes.filter((cause) => cause instanceof Error)
  return {
    type: error.name,
    message: messageOf(error),
    ...Object.fromEntries(plain.map((name) => [name, hideInside(fields[name], true, 0)])),
    stack: framesOf(error),
    ...(known.length > 0 && depth < maxDepth
      ? { causes: known.map((cause) => describeError(cause, depth + 1)) }
      : {}),
  }
}

/** An error as the text of a crash: Node itself would print all that hangs on it. */
export const errorText = (error: unknown): string => {
  if (!(error instanceof Error)) return 'Error: something was thrown that is no error'
  const { type, message, stack } = describeError(error)
  return `${String(type)}: ${String(message)}\n${String(stack)}`
}

/** What stands in an entry itself was named by us; what is inside an object was not. */
const hideItem = (value: unknown) => hideInside(value, !isObject(value), 0)

const hideItems = (entry: Record<string, unknown>): Record<string, unknown> => {
  const shown: Record<string, unknown> = {}
  for (const name in entry) {
    const value = entry[name]
    if (value === undefined) continue
    if (isPersonal(name)) shown[name] = hidden
    else shown[name] = Array.isArray(value) ? value.map(hideItem) : hideItem(value)
  }
  return shown
}

const isSafe = (name: string, value: unknown): boolean => {
  if (isPersonal(name)) return false
  return typeof value === 'string' ? !mayHoldAddress(value) : !isObject(value)
}

/** An entry as it may be written. Nearly all hold only words and numbers of ours: those stay as they are. */
export const hidePersonal = (entry: Record<string, unknown>): Record<string, unknown> => {
  for (const name in entry) if (!isSafe(name, entry[name])) return hideItems(entry)
  return entry
}
