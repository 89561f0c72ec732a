import { expect } from 'chai'
import { parseRetryAfter } from '#src/connection/retry-after.js'
import { SeededRandom } from '../support/seeded-random.js'

const DATE = Date.UTC(2026, 0, 1)
const DAY = 86_400_000

const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']

/** Formats a time in the three forms of RFC 9110, section 5.6.7, based on `toUTCString`. */
function formsOf(time: number): readonly string[] {
  const fixdate = new Date(time).toUTCString()
  const [weekday = '', day = '', month = '', year = '', clock = ''] = fixdate.split(' ')
  const fullName = DAYS[new Date(time).getUTCDay()]
  return [
    fixdate,
    `${fullName}, ${day}-${month}-${year.slice(2)} ${clock} GMT`,
    `${weekday.slice(0, 3)} ${month} ${day.replace(/^0/, ' ')} ${clock} ${year}`,
  ]
}

describe('parseRetryAfter', () => {
  const rows: [string, string, number | undefined][] = [
    ['seconds', '2', 2_000],
    ['zero seconds', '0', 0],
    ['seconds with spaces around', ' 120 ', 120_000],
    ['the longest delay in seconds', '999999999', 999_999_999_000],
    ['a Unix time', String(DATE / 1_000 + 10), 10_000],
    ['a Unix time equal to now', String(DATE / 1_000), 0],
    ['a Unix time in the past', String(DATE / 1_000 - 1), undefined],
    ['the first Unix time, which is in the past', '1000000000', undefined],
    ['more digits than a number can have', '9'.repeat(400), Infinity],
    ['an IMF-fixdate', 'Thu, 01 Jan 2026 00:00:10 GMT', 10_000],
    ['an RFC 850 date', 'Thursday, 01-Jan-26 00:00:10 GMT', 10_000],
    ['an asctime date', 'Thu Jan  1 00:00:10 2026', 10_000],
    ['an asctime date with a two-digit day', 'Sat Jan 10 00:00:00 2026', 9 * DAY],
    ['the current time', 'Thu, 01 Jan 2026 00:00:00 GMT', 0],
    ['a leap second', 'Thu, 01 Jan 2026 00:00:60 GMT', 60_000],
    ['February 29 in a leap year', 'Tue, 29 Feb 2028 00:00:00 GMT', 789 * DAY],
    ['a date in the past', 'Wed, 31 Dec 2025 23:59:59 GMT', undefined],
    ['an RFC 850 date in the past', 'Sunday, 06-Nov-94 08:49:37 GMT', undefined],
    ['an asctime date in the past', 'Sun Nov  6 08:49:37 1994', undefined],
    ['an empty value', '', undefined],
    ['a word', 'soon', undefined],
    ['a word that starts like a date', 'Thu, soon', undefined],
    ['negative seconds', '-1', undefined],
    ['a fraction', '1.5', undefined],
    ['an exponent', '1e3', undefined],
    ['a unit', '2s', undefined],
    ['a date that is not HTTP', '2026-01-01T00:00:10Z', undefined],
    ['another time zone', 'Thu, 01 Jan 2026 00:00:10 CET', undefined],
    ['a month that does not exist', 'Thu, 01 Foo 2026 00:00:10 GMT', undefined],
    ['a day that the month does not have', 'Mon, 30 Feb 2026 00:00:10 GMT', undefined],
    ['February 29 in a common year', 'Mon, 29 Feb 2027 00:00:10 GMT', undefined],
    ['day zero', 'Thu, 00 Jan 2027 00:00:10 GMT', undefined],
    ['an hour that does not exist', 'Thu, 01 Jan 2026 24:00:00 GMT', undefined],
    ['a minute that does not exist', 'Thu, 01 Jan 2026 00:60:00 GMT', undefined],
    ['a second that does not exist', 'Thu, 01 Jan 2026 00:00:61 GMT', undefined],
  ]
  for (const [title, value, delay] of rows) {
    it(`reads ${title} as ${delay === undefined ? 'none' : `${delay} ms`}`, () => {
      expect(parseRetryAfter(value, DATE)).to.equal(delay)
    })
  }

  it('interprets a two-digit year as a year at most 50 years in the future', () => {
    expect(parseRetryAfter('Wednesday, 01-Jan-76 00:00:00 GMT', DATE)).to.equal(Date.UTC(2076, 0, 1) - DATE)
    expect(parseRetryAfter('Saturday, 01-Jan-77 00:00:00 GMT', DATE)).to.equal(undefined)
    expect(parseRetryAfter('Friday, 01-Jan-00 00:00:00 GMT', Date.UTC(2099, 11, 31))).to.equal(DAY)
  })

  it('reads a thousand random times identically in all three formats', () => {
    const random = new SeededRandom(9110)
    for (let round = 0; round < 1_000; round += 1) {
      const time = DATE + random.between(0, 49 * 365 * 86_400) * 1_000
      for (const form of formsOf(time)) expect(parseRetryAfter(form, DATE), form).to.equal(time - DATE)
    }
  })
})
