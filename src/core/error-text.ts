/** Truncates text that is too long for an error message. */
export function excerptOf(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most)}…` : text
}

/** Returns a text that starts with a capital letter. */
export function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}

/** Matches control characters, line and paragraph separators, marks that reorder text, and lone surrogates. */
export const UNPRINTABLE = /[\p{Cc}\p{Cs}\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/gu

const SHORT_ESCAPES: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/**
 * Escapes everything in a text that could forge a log line or control the terminal that displays it. Parts of the text can come from the
 * server, so every error message and every log line passes through here.
 */
export function escapeText(text: string): string {
  return text.replace(
    UNPRINTABLE,
    (found) => SHORT_ESCAPES[found] ?? `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** Returns the stack frames of an error, which are the lines of its stack after the message. Each is escaped. */
export function framesOf({ message, stack = '' }: Error): string[] {
  const start = Math.max(0, stack.indexOf(message)) + message.length
  const lines = stack.slice(start).split('\n')
  return lines.filter((line) => /^\s+at /.test(line)).map((line) => `    ${escapeText(line.trim())}`)
}

/** Returns the reason for a failure on one line. Node's AggregateError has an empty message. */
export function reasonOf(thrown: unknown): string {
  if (thrown instanceof AggregateError && thrown.message === '') {
    return [...new Set(thrown.errors.map(reasonOf))].join('; ')
  }
  return thrown instanceof Error ? thrown.message || thrown.name : safeString(thrown)
}

/** Returns a thrown value unchanged if it is an Error; otherwise, returns an Error with the value as its cause. */
export function toError(thrown: unknown): Error {
  if (thrown instanceof Error) return thrown
  return new Error(`A non-Error value was thrown: ${safeString(thrown)}`, { cause: thrown })
}

/** Converts any value to a string, even if its own conversion throws. */
export function safeString(value: unknown): string {
  try {
    return String(value)
  } catch {
    return typeof value
  }
}
