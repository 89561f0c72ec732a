import { escapeText, excerptOf } from '../core/error-text.js'

/** Replaces a secret. */
const HIDDEN = '[redacted]'

/** Names of fields, query parameters, headers and words that a secret follows. */
const NAME =
  '[\\w.-]*(?:token|secret|passw(?:or)?d|passphrase|pwd|api[_-]?key|access[_-]?key|private[_-]?key|listen[_-]?key|signature|sign|sig|authorization|auth|cookie|session[_-]?id|jwt|otp|credentials?)'

/** Matches a named value, as in JSON, in a query, or in a header. Its first group is everything before the value. */
const NAMED = new RegExp(
  `((?<![\\w.-])["'\`\\\\]*${NAME}["'\`\\\\]*\\s*[:=]\\s*)(?:\\{[^}]*(?:\\}|$)|\\\\*"(?:[^"\\\\]|\\\\[^"])*(?:\\\\*"|$)|\\\\*'[^']*(?:'|$)|\\[[^\\]]*(?:\\]|$)|(?:(?:bearer|basic|digest)\\s+)?[^\\s,;&"'}\\])]+)`,
  'gi',
)

/** Matches a value after a name and a space, if the value looks random, as in `invalid token a1b2c3d4`. */
const SPOKEN = new RegExp(`(\\b(?:${NAME}|bearer|basic)\\s+["'\`]?)(?=\\S*\\d)[^\\s"'\`,;)]{6,}`, 'gi')

/** Matches the query and the fragment of a URL, and its credentials. */
const QUERY = /(\b[a-z][a-z\d+.-]*:\/\/[^\s?#"'<>]*)[?#][^\s"'<>)]*/gi
const CREDENTIALS = /(\b[a-z][a-z\d+.-]*:\/\/)[^\s/@"'<>]+@/gi

/** Matches a JSON Web Token, or any other long run of letters and digits that looks random. */
const RANDOM = /\beyJ[\w-]{5,}(?:\.[\w-]*)*|(?=(?:[a-z+=~_-]*\d){3})(?=[\d+=~_-]*[a-z])[\w+=~-]{24,}/gi

/** Maximum length of a text, because redacting takes time. */
const MAX_LENGTH = 4_096

/** Returns a text without anything that is recognizably a secret: named values, URL queries, credentials, and long random strings. */
export function withoutSecrets(text: string): string {
  return excerptOf(text, MAX_LENGTH)
    .replace(CREDENTIALS, `$1${HIDDEN}@`)
    .replace(QUERY, `$1?${HIDDEN}`)
    .replace(NAMED, `$1${HIDDEN}`)
    .replace(SPOKEN, `$1${HIDDEN}`)
    .replace(RANDOM, HIDDEN)
}

/** Length of a preview, in characters. */
const PREVIEW = 75

/** Part of a payload that is searched for secrets, so that a preview of a long message is cheap. */
const SEARCHED = 512

/** Returns the start of a payload on one line, without secrets. */
export function previewOf(text: string): string {
  return excerptOf(escapeText(withoutSecrets(text.slice(0, SEARCHED))), PREVIEW)
}
