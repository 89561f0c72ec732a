import { escapeText, excerptOf } from '../core/error-text.js'
import { endOfList, endOfText, openingAt } from './nested-text.js'

/** Replaces a secret. */
const HIDDEN = '[redacted]'

/**
 * Matches the names of fields, query parameters and headers that contain a secret, without their separators and in lowercase: `apikey`,
 * `accesstoken`, `xapikey`, `tokens`, `password2`.
 */
const SECRET_NAME =
  /(?:token|secret|passw(?:or)?d|passphrase|passcode|pwd|(?:api|access|private|secret|listen)key|signature|authorization|auth|oauth|cookie|sessionid|jwt|otp|credential|bearer|hmac|mnemonic)s?(?:v?\d{1,2})?$/

/** Matches names that are a secret only as a whole word of a name: `sign` and `authSig`, but not `design`. */
const SECRET_WORD =
  /(?:^|[^a-z])(?:sig|sign|pass|pin|sid|ticket)$|[a-z](?:Sig|Sign|Pass|Pin|Sid|Ticket)$|^auth[A-Z_-]/

/** Matches a word that can be a name. perf: each text is read once, because no part of it can be the start of two matches. */
const WORD = /(?<![\w.-])(?:(?:api|access|private|secret) (?=keys?\b))?[\w.-]{2,}/gi

/** Matches what separates a name from its value, as in JSON, in a query, in a header, and in prose. */
const SEPARATOR = /["'`\\]*\s*(?:=>|->|[:=])\s*|<?>/y

/** Matches what separates a name from its value if the name is itself a value: `["auth","…"]`, `{"name":"token","value":"…"}`. */
const AS_VALUE = /["'`\\]+\s*,\s*(?:["'`\\]*\w+["'`\\]*\s*:\s*)?/y

/** Matches a value after a name and a space, if the value looks random, as in `invalid token a1b2c3d4`. */
const SPOKEN = /\s+(?:(?:is|was)\s+)?["'`]?(?=[^\s\d]{0,64}\d)(?=[^\s"'`,;)]{6})/y

/** Matches a value that is not quoted. */
const BARE = /(?:(?:apikey|basic|bearer|digest|token)\s+)?[^\s,;&<"'`\\}\])]+/iy

/** Matches the value of a header, which can contain spaces. */
const LINE = /[^\r\n]+/y

/** Matches the headers that consist of several words. */
const HEADER = /(?:authorization|cookie)$/i

/** Matches the query and the fragment of a URL, and its credentials. */
const QUERY = /((?<![a-z\d+.-])[a-z][a-z\d+.-]*:\/\/[^\s?#"'<>]*)[?#][^\s"'<>)]*/gi
const CREDENTIALS = /((?<![a-z\d+.-])[a-z][a-z\d+.-]*:\/\/)[^\s/?#"'<>]*@/gi

/** Matches a JSON Web Token. */
const JSON_WEB_TOKEN = /\beyJ[\w-]{5,}(?:\.[\w-]*)*/g

/** Matches a run of characters that is random if it contains letters and at least three digits. */
const RUN = /[\w+=~-]{24,}/g

/** Maximum length of a text, because redacting takes time. */
const MAX_LENGTH = 4_096

/** Returns a text without anything that is recognizably a secret: named values, URL queries, credentials, and long random strings. */
export function withoutSecrets(text: string): string {
  const urls = excerptOf(text, MAX_LENGTH).replace(CREDENTIALS, `$1${HIDDEN}@`).replace(QUERY, `$1?${HIDDEN}`)
  return withoutNamed(urls)
    .replace(JSON_WEB_TOKEN, HIDDEN)
    .replace(RUN, (run) => (isRandom(run) ? HIDDEN : run))
}

/** Length of a preview, in characters. */
const PREVIEW = 75

/** Part of a payload that is searched for secrets, so that a preview of a long message is cheap. */
const SEARCHED = 512

/** Returns the start of a payload on one line, without secrets. */
export function previewOf(text: string): string {
  return excerptOf(escapeText(withoutSecrets(text.slice(0, SEARCHED))), PREVIEW)
}

/** Replaces the values that follow the name of a secret. */
function withoutNamed(text: string): string {
  let shown = ''
  let from = 0
  for (const { 0: word, index } of text.matchAll(WORD)) {
    if (index < from || !isSecretName(word)) continue
    const start = startOfValue(text, index + word.length)
    const end = start === undefined ? undefined : endOfValue(text, start, word)
    if (start === undefined || end === undefined || end <= start) continue
    shown += text.slice(from, start) + HIDDEN
    from = end
  }
  return shown + text.slice(from)
}

function isSecretName(word: string): boolean {
  const name = word.replace(/[.:]+$/, '')
  return SECRET_NAME.test(name.toLowerCase().replace(/[^a-z\d]/g, '')) || SECRET_WORD.test(name)
}

/** Returns where the value of a name starts that ends at `position`, if a value follows. */
function startOfValue(text: string, position: number): number | undefined {
  for (const pattern of [SEPARATOR, AS_VALUE, SPOKEN]) {
    const end = endOfMatch(pattern, text, position)
    if (end !== undefined) return end
  }
  return undefined
}

function endOfValue(text: string, start: number, name: string): number | undefined {
  if (text[start] === '{' || text[start] === '[') return endOfList(text, start)
  const opening = openingAt(text, start)
  if (opening) return endOfText(text, opening)
  return endOfMatch(HEADER.test(name) ? LINE : BARE, text, start)
}

function endOfMatch(pattern: RegExp, text: string, position: number): number | undefined {
  pattern.lastIndex = position
  return pattern.test(text) ? pattern.lastIndex : undefined
}

function isRandom(run: string): boolean {
  return /[a-z]/i.test(run) && run.replace(/\D/g, '').length >= 3
}
