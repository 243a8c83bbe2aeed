/**
 * Logs say what happened and to which id, but never to whom: every entry passes through here
 * before it is written. Code that logs a whole answer, letter or database error by mistake gives
 * no personal data away.
 */
const hidden = '[redacted]'

/** Fields that hold personal data, in any spelling. */
const personalFields = new Set(
  `email username name firstname lastname fullname membername phone address subject title body text
  description detail cancelreason location managers
  data payload query params parameters headers authorization cookie setcookie credentials password
  passwordhash passwordsalt secret token accesstoken refreshtoken idtoken apikey idempotencykey`.split(
    /\s+/,
  ),
)

/** What is kept of an object inside an entry: it comes from elsewhere, with unknown content. */
const plainInside = /^(?:id|\w+Id|code|status|kind|reason|outcome|step|attempts?|ms)$/

/** Beside the code of a refusal, a reason may be what somebody wrote who cancelled. */
const isPlainInside = (name: string, value: unknown): boolean =>
  plainInside.test(name) && (name !== 'reason' || /^[a-z]+(?:-[a-z]+)*$/.test(String(value)))

/** Field names come from the code, so there are few of them to remember. */
const isPersonal = (() => {
  const known = new Map<string, boolean>()
  return (name: string): boolean => {
    let result = known.get(name)
    if (result === undefined) {
      result = personalFields.has(name.toLowerCase().replaceAll(/[^a-z]/g, ''))
      known.set(name, result)
    }
    return result
  }
})()

/** An email address, or the password in the URL of a database, anywhere in a text. */
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
        hideInside(inner, isPlainInside(name, inner), depth + 1),
      ]),
    )
  }
  if (!isPlain && value !== null && value !== undefined) return hidden
  return typeof value === 'string' ? hideAddresses(value) : value
}

/** Errors of the database and of the JSON parser quote the value that they refuse. */
const messageOf = (error: Error): string => {
  if (error instanceof SyntaxError) return 'a text could not be parsed'
  if (error.name === 'PostgresError') return error.message.replace(/: ".*/s, `: ${hidden}`)
  // Drizzle writes the parameters in a line below the statement.
  const [told = ''] = error.message.split('\nparams:')
  return hideAddresses(told)
}

/** The frames of the stack. Its first lines repeat the message. */
const framesOf = ({ stack = '' }: Error): string =>
  stack
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
    .join('\n')

/** The fields of a Postgres error without values in them: its `detail` and `where` quote whole rows. */
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

/** The text of an error that ends the process. Node itself would print all of its fields. */
export const errorText = (error: unknown): string => {
  if (!(error instanceof Error)) return 'Error: something was thrown that is no error'
  const { type, message, stack } = describeError(error)
  return `${String(type)}: ${String(message)}\n${String(stack)}`
}

/** Our code named the fields of an entry, but not those of an object inside it. */
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

/** Returns an entry that may be written. Nearly all entries are safe and are returned unchanged. */
export const hidePersonal = (entry: Record<string, unknown>): Record<string, unknown> => {
  for (const name in entry) if (!isSafe(name, entry[name])) return hideItems(entry)
  return entry
}
