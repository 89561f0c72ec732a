import { expect } from 'chai'
import { ConnectFailedError, HandshakeError, InvalidUrlError, ConnectOptionError } from 'holdfast'
import type { Failure, Initiator } from 'holdfast'
import {
  RETRY_DEFAULTS,
  RetryPolicy,
  backoffCeiling,
  isFatal,
  retryAfter,
} from '#src/connection/retry-policy.js'
import type { PolicySources, RetrySettings } from '#src/connection/retry-policy.js'
import type { RetryDecision } from '#src/session/disconnect.js'

const DATE = Date.UTC(2026, 0, 1)
const url = 'wss://peer.test'

/** A plain loss, unless it is said otherwise. */
function failure(facts: Partial<Failure> = {}): Failure {
  return { initiator: 'network', attempt: 1, elapsed: 0, hasBeenOpen: false, ...facts }
}

function connectError(code: string | undefined): ConnectFailedError {
  return new ConnectFailedError(url, Object.assign(new Error('it failed'), { code }))
}

/** Makes a policy with chance fixed at one half; what it reports is kept in `reports`. */
function policyOf(
  settings: Partial<RetrySettings> | false = {},
  sources: Partial<PolicySources> = {},
): RetryPolicy & { readonly reports: unknown[] } {
  const reports: unknown[] = []
  const all = { random: () => 0.5, clock: { now: () => 0, date: () => DATE }, ...sources }
  const policy = new RetryPolicy(settings && { ...RETRY_DEFAULTS, ...settings }, all, {
    report: (error) => void reports.push(error),
  })
  return Object.assign(policy, { reports })
}

/** Counts an attempt and judges its failure. */
function fail(policy: RetryPolicy, facts: Partial<Failure> = {}): RetryDecision {
  return policy.decide(failure({ attempt: policy.countAttempt(), ...facts }))
}

/** The delays after so many failures in a row; NaN where there is no retry. */
function delaysOf(policy: RetryPolicy, count: number): number[] {
  return Array.from({ length: count }, () => {
    const decision = fail(policy)
    return decision.retry ? decision.delay : NaN
  })
}

/** A small generator of chance that can be repeated (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

describe('isFatal', () => {
  describe('close codes (B26)', () => {
    const RECEIVED = [1000, 1001, 1002, 1003, 1005, 1006, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014]
    const CODES = [...RECEIVED, 1015, 3000, 4000, 4999]
    /** Which codes end it for good, by who began to close; all others are worth another try. */
    const FATAL: Readonly<Record<Initiator, readonly number[]>> = {
      remote: [1002, 1003, 1007, 1009, 1010],
      local: [],
      network: [],
    }
    for (const initiator of ['remote', 'local', 'network'] as const) {
      for (const code of CODES) {
        const decision = FATAL[initiator].includes(code) ? 'fatal' : 'worth another try'
        it(`${code} with initiator ${initiator} is ${decision}`, () => {
          const facts = failure({ code, initiator, hasBeenOpen: true })
          expect(isFatal(facts)).to.equal(decision === 'fatal')
        })
      }
    }

    it('a close frame without a code is worth another try', () => {
      expect(isFatal(failure({ initiator: 'remote', hasBeenOpen: true }))).to.equal(false)
    })
  })

  describe('HTTP statuses (B27)', () => {
    const FATAL = [400, 401, 402, 403, 404, 405, 406, 407, 409, 410, 418, 422, 426, 428, 431, 451, 499]
    const PASSING = [200, 204, 301, 302, 307, 308, 408, 425, 429, 500, 501, 502, 503, 504, 520, 599]
    for (const [statuses, isEnd] of [
      [FATAL, true],
      [PASSING, false],
    ] as const) {
      for (const status of statuses) {
        it(`${status} is ${isEnd ? 'fatal' : 'worth another try'}`, () => {
          const error = new HandshakeError(url, `answered ${status}`, { status })
          expect(isFatal(failure({ status, error }))).to.equal(isEnd)
        })
      }
    }
  })

  describe('certificates (B27)', () => {
    // The codes of X509_verify_cert_error_string as Node names them, and Node's own.
    const FATAL = [
      'CERT_CHAIN_TOO_LONG',
      'CERT_REJECTED',
      'CERT_REVOKED',
      'CERT_SIGNATURE_FAILURE',
      'CERT_UNTRUSTED',
      'DEPTH_ZERO_SELF_SIGNED_CERT',
      'ERROR_IN_CERT_NOT_AFTER_FIELD',
      'ERROR_IN_CERT_NOT_BEFORE_FIELD',
      'ERR_TLS_CERT_ALTNAME_FORMAT',
      'ERR_TLS_CERT_ALTNAME_INVALID',
      'HOSTNAME_MISMATCH',
      'INVALID_CA',
      'INVALID_PURPOSE',
      'PATH_LENGTH_EXCEEDED',
      'SELF_SIGNED_CERT_IN_CHAIN',
      'UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY',
      'UNABLE_TO_DECRYPT_CERT_SIGNATURE',
      'UNABLE_TO_GET_ISSUER_CERT',
      'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
      'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    ]
    const PASSING = [
      'CERT_HAS_EXPIRED',
      'CERT_NOT_YET_VALID',
      'EAI_AGAIN',
      'ECONNREFUSED',
      'ECONNRESET',
      'ENETUNREACH',
      'ENOTFOUND',
      'EPIPE',
      'EPROTO',
      'ERR_SSL_WRONG_VERSION_NUMBER',
      'ETIMEDOUT',
    ]
    for (const [codes, isEnd] of [
      [FATAL, true],
      [PASSING, false],
    ] as const) {
      for (const code of codes) {
        it(`${code} is ${isEnd ? 'fatal' : 'worth another try'}`, () => {
          expect(isFatal(failure({ error: connectError(code) }))).to.equal(isEnd)
        })
      }
    }

    it('a failure to connect without a code is worth another try', () => {
      expect(isFatal(failure({ error: connectError(undefined) }))).to.equal(false)
    })
  })

  it('an unusable url is fatal', () => {
    expect(isFatal(failure({ error: new InvalidUrlError('is odd') }))).to.equal(true)
  })

  for (const violation of ['upgrade', 'accept', 'subprotocol', 'extension'] as const) {
    it(`an upgrade with a wrong ${violation} is fatal`, () => {
      expect(isFatal(failure({ error: new HandshakeError(url, 'is odd', { violation }) }))).to.equal(true)
    })
  }

  it('a provider that rejects is worth another try (B12)', () => {
    expect(isFatal(failure({ error: new ConnectOptionError('url', new Error('no token')) }))).to.equal(false)
  })

  it('a loss without any reason is worth another try', () => {
    expect(isFatal(failure({ code: 1006, hasBeenOpen: true }))).to.equal(false)
  })
})

describe('retryAfter', () => {
  const rows: [string, string | string[] | undefined, number | undefined][] = [
    ['seconds', '2', 2_000],
    ['no seconds at all', '0', 0],
    ['seconds with blanks around', ' 120 ', 120_000],
    ['a date to come', 'Thu, 01 Jan 2026 00:00:10 GMT', 10_000],
    ['this very moment', 'Thu, 01 Jan 2026 00:00:00 GMT', 0],
    ['a date that is past', 'Wed, 31 Dec 2025 23:59:59 GMT', undefined],
    ['nothing', undefined, undefined],
    ['an empty value', '', undefined],
    ['a word', 'soon', undefined],
    ['a word that begins like a date', 'Thu, soon', undefined],
    ['negative seconds', '-1', undefined],
    ['a fraction', '1.5', undefined],
    ['an exponent', '1e3', undefined],
    ['a unit', '2s', undefined],
    ['a date that is not HTTP', '2026-01-01T00:00:10Z', undefined],
    ['several values', ['2', '3'], undefined],
  ]
  for (const [title, value, delay] of rows) {
    it(`reads ${title} as ${delay === undefined ? 'none' : `${delay} ms`}`, () => {
      expect(retryAfter({ 'retry-after': value }, DATE)).to.equal(delay)
    })
  }

  it('reads none where there are no headers', () => {
    expect(retryAfter(undefined, DATE)).to.equal(undefined)
    expect(retryAfter({}, DATE)).to.equal(undefined)
  })
})

describe('backoffCeiling', () => {
  it('doubles from initialDelay up to maxDelay', () => {
    const ceilings = Array.from({ length: 6 }, (_, index) => backoffCeiling(RETRY_DEFAULTS, index + 1))
    expect(ceilings).to.deep.equal([2_000, 4_000, 8_000, 16_000, 30_000, 30_000])
  })

  it('stays at maxDelay however many failures there are', () => {
    expect(backoffCeiling(RETRY_DEFAULTS, 5_000)).to.equal(30_000)
  })
})

describe('RetryPolicy', () => {
  describe('#countAttempt', () => {
    it('counts from 1, and nextAttempt is one ahead', () => {
      const policy = policyOf()
      expect(policy.nextAttempt).to.equal(1)
      expect(policy.countAttempt()).to.equal(1)
      expect(policy.nextAttempt).to.equal(2)
      expect(policy.countAttempt()).to.equal(2)
    })
  })

  describe('#decide', () => {
    it('waits these first twelve delays with chance fixed at one half (B29)', () => {
      const halves = [1_000, 2_000, 4_000, 8_000, ...Array.from({ length: 8 }, () => 15_000)]
      expect(delaysOf(policyOf(), 12)).to.deep.equal(halves)
    })

    it('draws between nothing and the whole ceiling (full jitter)', () => {
      expect(delaysOf(policyOf({}, { random: () => 0 }), 5)).to.deep.equal([0, 0, 0, 0, 0])
      const most = delaysOf(policyOf({}, { random: () => 1 - 2 ** -32 }), 5).map(Math.ceil)
      expect(most).to.deep.equal([2_000, 4_000, 8_000, 16_000, 30_000])
    })

    it('spreads 1,000 clients that are dropped at once: no 100 ms have more than 10 % of them (B28)', () => {
      const buckets = Array.from({ length: 20 }, () => 0)
      for (let client = 0; client < 1_000; client += 1) {
        const [delay] = delaysOf(policyOf({}, { random: seeded(client) }), 1) as [number]
        expect(delay).to.be.within(0, 2_000)
        buckets[Math.floor(delay / 100)]! += 1
      }
      expect(Math.max(...buckets)).to.be.at.most(100)
      expect(Math.min(...buckets)).to.be.above(0)
    })

    it('does not try again after a fatal failure', () => {
      const decision = fail(policyOf(), {
        status: 401,
        error: new HandshakeError(url, 'no', { status: 401 }),
      })
      expect(decision).to.deep.equal({ retry: false, exhausted: false })
    })

    it('ends with the first failure where reconnect is off', () => {
      expect(fail(policyOf(false))).to.deep.equal({ retry: false, exhausted: false })
    })

    it('gives up after maxAttempts tries, the first included', () => {
      const policy = policyOf({ maxAttempts: 3 })
      expect(fail(policy).retry).to.equal(true)
      expect(fail(policy).retry).to.equal(true)
      expect(fail(policy)).to.deep.equal({ retry: false, exhausted: true })
    })

    describe('Retry-After', () => {
      const refused = (value: string): Partial<Failure> => ({
        status: 503,
        headers: { 'retry-after': value },
        error: new HandshakeError(url, 'answered 503', { status: 503 }),
      })

      it('is waited for, and up to initialDelay more, so that not all come at once', () => {
        expect(fail(policyOf(), refused('7'))).to.deep.equal({ retry: true, delay: 8_000 })
        expect(fail(policyOf({}, { random: () => 0 }), refused('7'))).to.deep.equal({
          retry: true,
          delay: 7_000,
        })
      })

      it('may be a date, reckoned by the wall clock', () => {
        const decision = fail(policyOf(), refused('Thu, 01 Jan 2026 00:00:07 GMT'))
        expect(decision).to.deep.equal({ retry: true, delay: 8_000 })
      })

      it('counts for no more than maxDelay', () => {
        expect(fail(policyOf(), refused('86400'))).to.deep.equal({ retry: true, delay: 31_000 })
      })

      it('is ignored where it is malformed or past', () => {
        for (const value of ['soon', 'Wed, 31 Dec 2025 23:59:59 GMT']) {
          expect(fail(policyOf(), refused(value))).to.deep.equal({ retry: true, delay: 1_000 })
        }
      })

      it('wins over the delays option', () => {
        expect(fail(policyOf({ delays: [10] }), refused('7'))).to.deep.equal({ retry: true, delay: 8_000 })
      })
    })

    describe('delays', () => {
      it('may be a list, whose last one repeats', () => {
        expect(delaysOf(policyOf({ delays: [10, 20] }), 4)).to.deep.equal([10, 20, 20, 20])
      })

      it('may be a function of the failures so far', () => {
        expect(delaysOf(policyOf({ delays: (failures) => failures * 10 }), 3)).to.deep.equal([10, 20, 30])
      })

      it('that throw are reported, and the backoff holds', () => {
        const thrown = new Error('oops')
        const delays = (): number => {
          throw thrown
        }
        const policy = policyOf({ delays })
        expect(delaysOf(policy, 2)).to.deep.equal([1_000, 2_000])
        expect(policy.reports).to.deep.equal([thrown, thrown])
      })

      const noDelays: [unknown, string][] = [
        [NaN, 'NaN'],
        [-1, '-1'],
        [undefined, 'undefined'],
        ['5', 'a string'],
      ]
      for (const [value, told] of noDelays) {
        it(`that give ${told} are reported, and the backoff holds: never a hot loop`, () => {
          const policy = policyOf({ delays: () => value as number })
          expect(delaysOf(policy, 1)).to.deep.equal([1_000])
          expect(String(policy.reports[0])).to.contain(`TypeError: delays returned ${told}`)
        })
      }
    })

    describe('shouldReconnect', () => {
      const fatal = { status: 401, error: new HandshakeError(url, 'answered 401', { status: 401 }) }

      it('is given the failure', () => {
        const asked: Failure[] = []
        const policy = policyOf({ shouldReconnect: (given) => void asked.push(given) })
        const given = failure({
          code: 4001,
          initiator: 'remote',
          lastMessage: { type: 'bye' },
          hasBeenOpen: true,
        })
        policy.decide(given)
        expect(asked).to.deep.equal([given])
      })

      it('true tries again what is fatal by default, with the default delay', () => {
        const decision = fail(policyOf({ shouldReconnect: () => true }), fatal)
        expect(decision).to.deep.equal({ retry: true, delay: 1_000 })
      })

      it('false gives up what would be tried again by default', () => {
        const decision = fail(policyOf({ shouldReconnect: () => false }))
        expect(decision).to.deep.equal({ retry: false, exhausted: false })
      })

      it('a number tries again after so many milliseconds, without chance', () => {
        expect(fail(policyOf({ shouldReconnect: () => 123 }), fatal)).to.deep.equal({
          retry: true,
          delay: 123,
        })
        expect(fail(policyOf({ shouldReconnect: () => 0 }))).to.deep.equal({ retry: true, delay: 0 })
      })

      it('undefined leaves it to the default', () => {
        const policy = policyOf({ shouldReconnect: () => undefined })
        expect(fail(policy)).to.deep.equal({ retry: true, delay: 1_000 })
        expect(fail(policy, fatal)).to.deep.equal({ retry: false, exhausted: false })
      })

      it('that throws is reported, and the default holds', () => {
        const thrown = new Error('oops')
        const shouldReconnect = (): boolean => {
          throw thrown
        }
        const policy = policyOf({ shouldReconnect })
        expect(fail(policy)).to.deep.equal({ retry: true, delay: 1_000 })
        expect(fail(policy, fatal)).to.deep.equal({ retry: false, exhausted: false })
        expect(policy.reports).to.deep.equal([thrown, thrown])
      })

      const noAnswers: [unknown, string][] = [
        [NaN, 'NaN'],
        [-1, '-1'],
        [null, 'null'],
        ['yes', 'a string'],
        [Promise.resolve(true), 'an instance of Promise'],
      ]
      for (const [value, told] of noAnswers) {
        it(`that gives ${told} is reported, and the default holds`, () => {
          const policy = policyOf({ shouldReconnect: () => value as boolean })
          expect(fail(policy)).to.deep.equal({ retry: true, delay: 1_000 })
          expect(String(policy.reports[0])).to.contain(`TypeError: shouldReconnect returned ${told}`)
        })
      }

      it('is not asked once the attempts have run out', () => {
        let asked = 0
        const policy = policyOf({ maxAttempts: 1, shouldReconnect: () => (asked += 1) })
        expect(fail(policy)).to.deep.equal({ retry: false, exhausted: true })
        expect(asked).to.equal(0)
      })
    })
  })

  describe('#resetIfStable', () => {
    /** A policy whose connection became ready at 0, and the time that it reads. */
    function policyAt(now: number, settings: Partial<RetrySettings> | false = {}): RetryPolicy {
      let time = 0
      const policy = policyOf(settings, { clock: { now: () => time, date: () => DATE } })
      if (settings !== false) delaysOf(policy, 2)
      time = now
      return policy
    }

    it('counts again from 1 once a connection has held for minUptime', () => {
      const policy = policyAt(5_000, { maxAttempts: 3 })
      policy.countAttempt()
      policy.resetIfStable(0)
      expect(policy.nextAttempt).to.equal(1)
      expect(policy.elapsed).to.equal(0)
      expect(delaysOf(policy, 3)).to.deep.equal([1_000, 2_000, NaN])
    })

    it('resets nothing before: the backoff goes on (B1)', () => {
      const policy = policyAt(4_999)
      policy.resetIfStable(0)
      expect(policy.nextAttempt).to.equal(3)
      expect(policy.elapsed).to.equal(4_999)
      expect(delaysOf(policy, 1)).to.deep.equal([4_000])
    })

    it('resets nothing if the connection was never ready, or reconnect is off', () => {
      const policy = policyAt(60_000)
      policy.resetIfStable(undefined)
      expect(policy.nextAttempt).to.equal(3)
      const off = policyAt(60_000, false)
      off.resetIfStable(0)
      expect(off.elapsed).to.equal(60_000)
    })
  })
})
