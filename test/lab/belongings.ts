/**
 * What answers have told about who owns what: an order belongs to its `userId`. The wallet asks
 * here who must show a token for a path that names only the order.
 */
const owners = new Map<string, string>()
const addresses = new Map<string, { readonly email: string; readonly locale: string }>()

const deepest = 5

const isText = (value: unknown): value is string => typeof value === 'string'

/** Looks through the body of an answer, and keeps what it says about owners and addresses. */
export const learnFrom = (body: unknown, depth = 0): void => {
  if (typeof body !== 'object' || body === null || depth > deepest) return
  const { id, userId, orderId, bookingId, email, locale } = body as Readonly<
    Record<string, unknown>
  >
  if (isText(userId)) {
    for (const owned of [id, orderId]) if (isText(owned)) owners.set(owned, userId)
    // A letter about a booking may be a manager's, who does not own it.
    if (isText(bookingId) && !owners.has(bookingId)) owners.set(bookingId, userId)
  }
  const person = userId ?? id
  if (isText(person) && isText(email)) {
    const known = addresses.get(person)?.locale ?? 'en'
    addresses.set(person, { email, locale: isText(locale) ? locale : known })
  }
  for (const part of Object.values(body)) learnFrom(part, depth + 1)
}

export const ownerOf = (id: string): string | undefined => owners.get(id)

/** As the tests' own accounts are opened, when nothing else is known. */
export const addressOf = (userId: string) =>
  addresses.get(userId) ?? { email: `${userId}@example.com`, locale: 'en' }
