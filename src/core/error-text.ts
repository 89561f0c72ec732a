/** Cuts a text that is too long for a message. */
export function excerptOf(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most)}…` : text
}

/** Says in one line why something failed; Node's AggregateError has an empty message of its own. */
export function reasonOf(thrown: unknown): string {
  if (thrown instanceof AggregateError && thrown.message === '') {
    return [...new Set(thrown.errors.map(reasonOf))].join('; ')
  }
  return thrown instanceof Error ? thrown.message || thrown.name : safeString(thrown)
}

/** Returns what was thrown if it is an Error, else an Error that carries it. */
export function toError(thrown: unknown): Error {
  if (thrown instanceof Error) return thrown
  return new Error(`Something other than an Error was thrown: ${safeString(thrown)}`, { cause: thrown })
}

/** Shows any value, also one that cannot be shown. */
export function safeString(value: unknown): string {
  try {
    return String(value)
  } catch {
    return typeof value
  }
}
