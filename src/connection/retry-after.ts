const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** The three HTTP date formats: IMF-fixdate, RFC 850 and asctime (RFC 9110, section 5.6.7). */
const DATE_FORMS: readonly RegExp[] = [
  /^[A-Z][a-z]{2}, (?<day>\d\d) (?<month>[A-Z][a-z]{2}) (?<year>\d{4}) (?<time>\d\d:\d\d:\d\d) GMT$/,
  /^[A-Z][a-z]{5,8}, (?<day>\d\d)-(?<month>[A-Z][a-z]{2})-(?<year>\d\d) (?<time>\d\d:\d\d:\d\d) GMT$/,
  /^[A-Z][a-z]{2} (?<month>[A-Z][a-z]{2}) (?<day>[ \d]\d) (?<time>\d\d:\d\d:\d\d) (?<year>\d{4})$/,
]

/** Smallest number that is read as a Unix time in seconds. As a delay, it would be 31 years. */
const FIRST_UNIX_TIME = 1e9

/**
 * Parses a `Retry-After` header (RFC 9110, section 10.2.3). Accepts seconds, a date, or a Unix time in seconds, which some servers send.
 *
 * @param date current wall clock time, in milliseconds since 1970
 * @returns milliseconds from now; `undefined` if the header is malformed or in the past
 */
export function parseRetryAfter(value: string, date: number): number | undefined {
  const text = value.trim()
  const isNumber = /^\d+$/.test(text)
  if (isNumber && Number(text) < FIRST_UNIX_TIME) return Number(text) * 1_000
  const delay = (isNumber ? Number(text) * 1_000 : parseHttpDate(text, date)) - date
  return delay >= 0 ? delay : undefined
}

/** Returns milliseconds since 1970; NaN if the text is not an HTTP date. */
function parseHttpDate(text: string, date: number): number {
  const groups = DATE_FORMS.map((form) => form.exec(text)?.groups).find((found) => found)
  if (!groups) return NaN
  const { year = '', month = '', time = '' } = groups
  const day = Number(groups['day'])
  const [hour = 0, minute = 0, second = 0] = time.split(':').map(Number)
  const fullYear = year.length === 2 ? nearestYear(Number(year), date) : Number(year)
  const midnight = Date.UTC(fullYear, MONTHS.indexOf(month), day)
  const isDay = MONTHS.includes(month) && new Date(midnight).getUTCDate() === day
  // A leap second has the number 60.
  if (!isDay || hour > 23 || minute > 59 || second > 60) return NaN
  return midnight + ((hour * 60 + minute) * 60 + second) * 1_000
}

/** Returns the latest year with these two digits that is at most 50 years in the future (RFC 9110, section 5.6.7). */
function nearestYear(lastDigits: number, date: number): number {
  const latest = new Date(date).getUTCFullYear() + 50
  return latest - ((latest - lastDigits) % 100)
}
