import { expect } from 'chai'
import { HandshakeError, OnOpenTimeoutError } from 'holdfast'
import type { Failure } from 'holdfast'
import { RETRY_DEFAULTS, RetryPolicy, describeDecision } from '#src/connection/retry-policy.js'
import { backoffCeiling } from '#src/core/clock.js'
import type { DecisionFacts, RetrySettings } from '#src/connection/retry-policy.js'
import type { RetryDecision } from '#src/session/disconnect.js'
import { SeededRandom } from '../support/seeded-random.js'

const DATE = Date.UTC(2026, 0, 1)
const url = 'wss://peer.test'
const END: RetryDecision = { retry: false, exhausted: false }

/** A plain loss by default. */
function failure(facts: Partial<Failure> = {}): Failure {
  return { initiator: 'network', attempt: 1, elapsed: 0, hasBeenOpen: false, ...facts }
}

function refused(status: number, retryAfter?: string): Partial<Failure> {
  const headers = retryAfter === undefined ? {} : { 'retry-after': retryAfter }
  return { status, headers, error: new HandshakeError(url, `answered ${status}`, { status, headers }) }
}

/** A policy with a fake clock and its reports. The random source is fixed at one half by default. */
class Rig {
  readonly policy: RetryPolicy
  readonly reports: unknown[] = []
  now = 0

  constructor(settings: Partial<RetrySettings> | false = {}, random: () => number = () => 0.5) {
    const clock = { now: () => this.now, date: () => DATE + this.now }
    const filled = settings && { ...RETRY_DEFAULTS, ...settings }
    this.policy = new RetryPolicy(
      filled,
      { clock, random },
      {
        report: (error, stage) => void this.reports.push(error, stage),
      },
    )
  }

  decide(facts: Partial<Failure> = {}, given: Partial<DecisionFacts> = {}): RetryDecision {
    return this.policy.decide(failure(facts), { isForgiven: false, hasSucceeded: false, ...given })
  }

  /** Starts an attempt that fails immediately. */
  fail(facts: Partial<Failure> = {}, given: Partial<DecisionFacts> = {}): RetryDecision {
    this.policy.countAttempt()
    const decision = this.decide(facts, given)
    this.policy.count()
    return decision
  }

  /** Fails several times in a row, each time after the previous delay, and returns the delays; NaN if there is no retry. */
  delays(count: number, facts: Partial<Failure> = {}): number[] {
    return Array.from({ length: count }, () => {
      const decision = this.fail(facts)
      const delay = decision.retry ? decision.delay : NaN
      this.now += delay
      return delay
    })
  }
}

/** The delay after a stable link, so that only the first term of promise 9 applies. */
function forgivenDelay(settings: Partial<RetrySettings>, facts: Partial<Failure> = {}): RetryDecision {
  return new Rig(settings).decide(facts, { isForgiven: true })
}

describe('RetryPolicy', () => {
  describe('#countAttempt', () => {
    it('starts at 1, and nextAttempt is one ahead', () => {
      const { policy } = new Rig()
      expect(policy.nextAttempt).to.equal(1)
      expect(policy.countAttempt()).to.equal(1)
      expect(policy.nextAttempt).to.equal(2)
      expect(policy.countAttempt()).to.equal(2)
    })
  })

  describe('#decide', () => {
    it('returns these first twelve delays if the random source always returns one half (B29)', () => {
      // The first is the spacing of two starts, 1,000 to 3,000 ms. After that, the backoff is longer.
      const halves = [2_000, 2_000, 4_000, 8_000, ...Array.from({ length: 8 }, () => 15_000)]
      expect(new Rig().delays(12)).to.deep.equal(halves)
    })

    it('does not count the failure', () => {
      const rig = new Rig()
      for (let round = 0; round < 3; round += 1)
        expect(rig.decide()).to.deep.equal({ retry: true, delay: 1_000 })
      expect(rig.policy.lastFailure).to.equal(undefined)
      expect(rig.policy.nextAttempt).to.equal(1)
    })

    it('starts over with the first delay after a stable link, however many failures came before', () => {
      const rig = new Rig({ maxAttempts: 3 })
      rig.delays(3)
      expect(rig.decide({}, { isForgiven: true })).to.deep.equal({ retry: true, delay: 1_000 })
      expect(rig.decide()).to.deep.equal({ retry: false, exhausted: true })
    })

    it('spreads out 1,000 clients that are dropped at once, so that at most 10 % retry within 100 ms (B28)', () => {
      const buckets = Array.from({ length: 20 }, () => 0)
      for (let client = 0; client < 1_000; client += 1) {
        const rig = new Rig({}, new SeededRandom(client).next)
        const decision = rig.decide({}, { isForgiven: true })
        const delay = decision.retry ? decision.delay : NaN
        expect(delay).to.be.within(0, 2_000)
        buckets[Math.floor(delay / 100)]! += 1
      }
      expect(Math.max(...buckets)).to.be.at.most(100)
      expect(Math.min(...buckets)).to.be.above(0)
    })

    describe('the spacing between two attempts', () => {
      it('counts from the actual start of an attempt that had to wait', () => {
        const rig = new Rig({ delays: [0] })
        rig.policy.countAttempt()
        rig.now += 60_000
        rig.policy.onDelayedStart()
        rig.now += 500
        expect(rig.decide()).to.deep.equal({ retry: true, delay: 1_500 })
      })

      it('counts from the start of the last attempt, and applies only if it exceeds the delay', () => {
        const rig = new Rig()
        rig.policy.countAttempt()
        rig.now = 700
        expect(rig.decide()).to.deep.equal({ retry: true, delay: 1_300 })
        rig.now = 1_200
        expect(rig.decide()).to.deep.equal({ retry: true, delay: 1_000 })
      })

      it('does not apply after a stable link', () => {
        const rig = new Rig({ delays: [10] })
        rig.policy.countAttempt()
        expect(rig.decide({}, { isForgiven: true })).to.deep.equal({ retry: true, delay: 10 })
      })

      const rows: [string, Partial<RetrySettings>, Partial<Failure>][] = [
        ['delays', { delays: [0] }, {}],
        ['a delays function', { delays: () => 0 }, {}],
        ['numbers from shouldReconnect', { shouldReconnect: () => 0 }, {}],
        ['a Retry-After of 0', { initialDelay: 1_500 }, refused(503, '0')],
      ]
      for (const [title, settings, facts] of rows) {
        it(`applies to ${title}, so that there is never a hot loop`, () => {
          const initialDelay = settings.initialDelay ?? 2_000
          expect(new Rig(settings).delays(3, facts)).to.deep.equal(
            Array.from({ length: 3 }, () => initialDelay),
          )
        })
      }

      it('is off if initialDelay is 0', () => {
        expect(new Rig({ initialDelay: 0, delays: [0] }).delays(3)).to.deep.equal([0, 0, 0])
      })
    })

    it('stays within the bounds of promise 9 over 300 random series of failures', () => {
      for (let seed = 0; seed < 300; seed += 1) {
        const random = new SeededRandom(seed)
        const settings = { initialDelay: random.between(0, 5_000), maxDelay: random.between(5_000, 60_000) }
        const rig = new Rig(settings, random.next)
        for (let failures = 1; failures <= 8; failures += 1) {
          const start = rig.now
          rig.policy.countAttempt()
          rig.now += random.between(0, 4_000)
          const decision = rig.decide()
          rig.policy.count()
          if (!decision.retry) return expect.fail('it gave up')
          const ceiling = rig.now + backoffCeiling(settings, failures)
          const next = rig.now + decision.delay
          expect(next - start).to.be.at.least(settings.initialDelay / 2)
          expect(next).to.be.at.most(Math.max(ceiling, start + 1.5 * settings.initialDelay))
          rig.now = next
        }
      }
      return undefined
    })

    it('does not retry a fatal failure', () => {
      expect(new Rig().fail(refused(401))).to.deep.equal(END)
    })

    it('retries after any HTTP status once @OnOpen has completed on this connection', () => {
      for (const status of [302, 401, 404]) {
        const decision = new Rig().decide(refused(status), { hasSucceeded: true })
        expect(decision).to.deep.equal({ retry: true, delay: 1_000 })
      }
    })

    it('gives up after the first failure if reconnect is off, without calling any functions', () => {
      const rig = new Rig(false)
      expect(rig.fail()).to.deep.equal(END)
      expect(rig.fail(refused(503, '1'), { isForgiven: true, hasSucceeded: true })).to.deep.equal(END)
    })

    it('gives up after maxAttempts attempts, including the first', () => {
      const rig = new Rig({ maxAttempts: 3 })
      expect(rig.fail().retry).to.equal(true)
      expect(rig.fail().retry).to.equal(true)
      expect(rig.fail()).to.deep.equal({ retry: false, exhausted: true })
    })

    it('reports a fatal failure as such, even on the last attempt', () => {
      expect(new Rig({ maxAttempts: 1 }).fail(refused(401))).to.deep.equal(END)
    })

    describe('a failed @OnOpen', () => {
      const threw = { error: new Error('wrong password'), initiator: 'local' } as const
      const isOpenFailure = true

      it('is fatal before the first success, and leads to a retry after it', () => {
        expect(new Rig().decide(threw, { isOpenFailure })).to.deep.equal(END)
        expect(new Rig().decide(threw, { isOpenFailure, hasSucceeded: true }).retry).to.equal(true)
      })

      it('leads to a retry if @OnOpen timed out', () => {
        expect(new Rig().decide({ error: new OnOpenTimeoutError(1) }, { isOpenFailure }).retry).to.equal(true)
      })

      it('leads to a retry even on the first connection if shouldReconnect returns true', () => {
        const asked: Failure[] = []
        const shouldReconnect = (given: Failure): boolean => asked.push(given) > 0
        const decision = new Rig({ shouldReconnect }).decide(threw, { isOpenFailure })
        expect(decision).to.deep.equal({ retry: true, delay: 1_000 })
        expect(asked).to.deep.equal([failure(threw)])
      })

      it('is never reported as exhausted before the first success', () => {
        const rig = new Rig({ maxAttempts: 1 })
        rig.policy.countAttempt()
        expect(rig.decide(threw, { isOpenFailure })).to.deep.equal(END)
      })
    })

    describe('Retry-After', () => {
      it('delays the retry by its value plus up to initialDelay, so that clients do not all return at once', () => {
        const facts = refused(503, '7')
        expect(forgivenDelay({}, facts)).to.deep.equal({ retry: true, delay: 8_000, retryAfter: 7_000 })
        const rig = new Rig({}, () => 0)
        expect(rig.fail(facts)).to.deep.equal({ retry: true, delay: 7_000, retryAfter: 7_000 })
      })

      const forms = ['Thu, 01 Jan 2026 00:00:07 GMT', 'Thu Jan  1 00:00:07 2026', String(DATE / 1_000 + 7)]
      for (const form of forms) {
        it(`can be ${form}, measured by the wall clock`, () => {
          const decision = forgivenDelay({}, refused(503, form))
          expect(decision).to.deep.equal({ retry: true, delay: 8_000, retryAfter: 7_000 })
        })
      }

      for (const status of [200, 302, 401, 404, 429, 500]) {
        it(`makes ${status} retryable, even before the first success`, () => {
          expect(new Rig().fail(refused(status, '7'))).to.include({ retry: true, delay: 8_000 })
        })
      }

      it('is ignored if it has several values, or is missing from the headers', () => {
        for (const headers of [{ 'retry-after': ['7', '8'] }, {}])
          expect(new Rig().fail({ ...refused(401), headers })).to.deep.equal(END)
      })

      it('is limited to maxRetryAfter after the first success', () => {
        const decision = new Rig().decide(refused(503, '86400'), { hasSucceeded: true })
        expect(decision).to.deep.equal({ retry: true, delay: 3_601_000, retryAfter: 86_400_000 })
        const cut = new Rig({ maxRetryAfter: 5_000 }).decide(refused(503, '7'), { hasSucceeded: true })
        expect(cut).to.deep.equal({ retry: true, delay: 6_000, retryAfter: 7_000 })
      })

      it('is fatal before the first success if it is longer than maxRetryAfter', () => {
        for (const status of [401, 429, 503])
          expect(new Rig().fail(refused(status, '3601'))).to.deep.equal(END)
        expect(new Rig().fail(refused(503, '3600')).retry).to.equal(true)
      })

      it('is ignored if it is malformed or in the past', () => {
        for (const value of ['soon', 'Wed, 31 Dec 2025 23:59:59 GMT', '1000000000']) {
          expect(forgivenDelay({}, refused(503, value))).to.deep.equal({ retry: true, delay: 1_000 })
          expect(new Rig().fail(refused(401, value))).to.deep.equal(END)
        }
      })

      it('overrides delays, and is overridden by a number from shouldReconnect', () => {
        const listed = forgivenDelay({ delays: [10] }, refused(503, '7'))
        expect(listed).to.deep.equal({ retry: true, delay: 8_000, retryAfter: 7_000 })
        const chosen = forgivenDelay({ shouldReconnect: () => 10 }, refused(503, '7'))
        expect(chosen).to.deep.equal({ retry: true, delay: 10 })
      })

      it('is never undercut, or exceeded by more than initialDelay, over 1,000 random values', () => {
        const random = new SeededRandom(429)
        for (let round = 0; round < 1_000; round += 1) {
          const seconds = random.between(0, 7_200)
          const rig = new Rig({}, random.next)
          const decision = rig.decide(refused(503, String(seconds)), { hasSucceeded: true })
          const least = Math.min(seconds * 1_000, 3_600_000)
          expect(decision.retry && decision.delay).to.be.within(least, least + 2_000)
        }
      })
    })

    describe('delays', () => {
      it('can be an array, whose last value repeats', () => {
        expect(new Rig({ initialDelay: 0, delays: [10, 20] }).delays(4)).to.deep.equal([10, 20, 20, 20])
      })

      it('can be a function that receives the number of failures', () => {
        const delays = (failures: number): number => failures * 10
        expect(new Rig({ initialDelay: 0, delays }).delays(3)).to.deep.equal([10, 20, 30])
      })

      it('are reported if the function throws, and the backoff is used instead', () => {
        const thrown = new Error('oops')
        const delays = (): number => {
          throw thrown
        }
        const rig = new Rig({ delays })
        expect(rig.decide()).to.deep.equal({ retry: true, delay: 1_000 })
        expect(rig.reports).to.deep.equal([thrown, 'connect'])
      })

      const noDelays: [unknown, string][] = [
        [NaN, 'NaN'],
        [-1, '-1'],
        [undefined, 'undefined'],
        ['5', 'a string'],
        [Promise.resolve(5), 'an instance of Promise'],
      ]
      for (const [value, received] of noDelays) {
        it(`are reported if the function returns ${received}, and the backoff is used to prevent a hot loop`, () => {
          const rig = new Rig({ delays: () => value as number })
          expect(rig.decide()).to.deep.equal({ retry: true, delay: 1_000 })
          const message = `TypeError: delays must return a delay in milliseconds, received ${received}`
          expect(rig.reports.map(String)).to.deep.equal([message, 'connect'])
        })
      }
    })

    describe('shouldReconnect', () => {
      const fatal = refused(401)

      it('receives the failure', () => {
        const asked: Failure[] = []
        const rig = new Rig({ shouldReconnect: (given) => void asked.push(given) })
        const given = {
          code: 4001,
          initiator: 'remote',
          lastMessage: { type: 'bye' },
          hasBeenOpen: true,
        } as const
        rig.decide(given)
        expect(asked).to.deep.equal([failure(given)])
      })

      it('that returns true retries after a failure that is fatal by default, with the default delay', () => {
        const rig = new Rig({ shouldReconnect: () => true })
        expect(rig.decide(fatal)).to.deep.equal({ retry: true, delay: 1_000 })
        const asked = rig.decide(refused(503, '7200'))
        expect(asked).to.deep.equal({ retry: true, delay: 3_601_000, retryAfter: 7_200_000 })
      })

      it('that returns false gives up after a failure that leads to a retry by default', () => {
        const rig = new Rig({ shouldReconnect: () => false })
        expect(rig.decide()).to.deep.equal(END)
        expect(rig.decide(refused(503, '1'), { hasSucceeded: true })).to.deep.equal(END)
      })

      it('that returns a number retries after exactly that many milliseconds', () => {
        for (const delay of [0, 123]) {
          const rig = new Rig({ shouldReconnect: () => delay })
          expect(rig.decide(fatal)).to.deep.equal({ retry: true, delay })
        }
      })

      it('that returns undefined keeps the default', () => {
        const rig = new Rig({ shouldReconnect: () => undefined })
        expect(rig.decide()).to.deep.equal({ retry: true, delay: 1_000 })
        expect(rig.decide(fatal)).to.deep.equal(END)
      })

      it('that throws is reported, and the default is used', () => {
        const thrown = new Error('oops')
        const shouldReconnect = (): boolean => {
          throw thrown
        }
        const rig = new Rig({ shouldReconnect })
        expect(rig.decide()).to.deep.equal({ retry: true, delay: 1_000 })
        expect(rig.decide(fatal)).to.deep.equal(END)
        expect(rig.reports).to.deep.equal([thrown, 'connect', thrown, 'connect'])
      })

      const noAnswers: [unknown, string][] = [
        [NaN, 'NaN'],
        [-1, '-1'],
        [null, 'null'],
        ['yes', 'a string'],
        [Promise.resolve(true), 'an instance of Promise'],
      ]
      for (const [value, received] of noAnswers) {
        it(`that returns ${received} is reported, and the default is used`, () => {
          const rig = new Rig({ shouldReconnect: () => value as boolean })
          expect(rig.decide()).to.deep.equal({ retry: true, delay: 1_000 })
          expect(rig.decide(fatal)).to.deep.equal(END)
          expect(String(rig.reports[0])).to.equal(
            `TypeError: shouldReconnect must return true, false, a delay in milliseconds, or undefined, received ${received}`,
          )
        })
      }

      it('that returns a promise that rejects causes no unhandled rejection', async () => {
        const unhandled: unknown[] = []
        const note = (reason: unknown): void => void unhandled.push(reason)
        process.on('unhandledRejection', note)
        try {
          const rejecting = (): never => Promise.reject(new Error('late')) as never
          new Rig({ shouldReconnect: rejecting }).decide()
          await new Promise((resolve) => setImmediate(resolve))
          expect(unhandled).to.deep.equal([])
        } finally {
          process.off('unhandledRejection', note)
        }
      })

      it('is not called once the attempts have run out', () => {
        let asked = 0
        const rig = new Rig({ maxAttempts: 1, shouldReconnect: () => (asked += 1) })
        expect(rig.fail()).to.deep.equal({ retry: false, exhausted: true })
        expect(asked).to.equal(0)
      })
    })
  })

  describe('#count and #note', () => {
    it('record the last failure: count with a decision, note without one', () => {
      const { policy } = new Rig()
      const [first, second, asked] = [
        failure({ attempt: 1 }),
        failure({ attempt: 2 }),
        failure({ attempt: 3 }),
      ]
      const facts = { isForgiven: false, hasSucceeded: true }
      policy.decide(first, facts)
      policy.decide(second, facts)
      expect(policy.lastFailure).to.equal(undefined)
      policy.count()
      expect(policy.lastFailure).to.equal(second)
      policy.decide(first, facts)
      policy.note(asked)
      policy.count()
      expect(policy.lastFailure).to.equal(asked)
    })

    it('leave the count unchanged with note', () => {
      const rig = new Rig()
      rig.policy.note(failure())
      expect(rig.decide()).to.deep.equal({ retry: true, delay: 1_000 })
      expect(rig.policy.floor()).to.equal(0)
    })

    it('double the maximum of the next delay with each count', () => {
      const rig = new Rig()
      rig.policy.count()
      rig.policy.count()
      expect(rig.decide()).to.deep.equal({ retry: true, delay: 4_000 })
    })
  })

  describe('#isStable', () => {
    it('is true once a link has been ready for minUptime', () => {
      const rig = new Rig({ minUptime: 5_000 })
      rig.now = 5_999
      expect(rig.policy.isStable(1_000)).to.equal(false)
      rig.now = 6_000
      expect(rig.policy.isStable(1_000)).to.equal(true)
    })

    it('is false for a link that was never ready', () => {
      const rig = new Rig()
      rig.now = 60_000
      expect(rig.policy.isStable(undefined)).to.equal(false)
    })

    it('uses the default minUptime if reconnect is off', () => {
      const rig = new Rig(false)
      rig.now = 4_999
      expect(rig.policy.isStable(0)).to.equal(false)
      rig.now = 5_000
      expect(rig.policy.isStable(0)).to.equal(true)
    })
  })

  describe('#forgive', () => {
    it('resets attempts, failures, and elapsed time', () => {
      const rig = new Rig({ maxAttempts: 3 })
      rig.delays(2)
      expect(rig.policy.elapsed).to.equal(4_000)
      rig.policy.forgive()
      expect(rig.policy.nextAttempt).to.equal(1)
      expect(rig.policy.elapsed).to.equal(0)
      expect(rig.policy.floor()).to.equal(0)
      expect(rig.delays(3)).to.deep.equal([2_000, 2_000, NaN])
    })

    it('ends the spacing, so that the next attempt depends only on when the link was lost', () => {
      const rig = new Rig({ delays: [10] })
      rig.policy.countAttempt()
      rig.policy.forgive()
      expect(rig.decide()).to.deep.equal({ retry: true, delay: 10 })
    })
  })

  describe('#floor', () => {
    it('is 0 while no failure has been counted', () => {
      const { policy } = new Rig()
      policy.countAttempt()
      expect(policy.floor()).to.equal(0)
    })

    it('is the rest of the spacing since the last attempt, and never negative', () => {
      const rig = new Rig()
      rig.fail()
      expect(rig.policy.floor()).to.equal(2_000)
      rig.now = 1_500
      expect(rig.policy.floor()).to.equal(500)
      rig.now = 9_000
      expect(rig.policy.floor()).to.equal(0)
    })

    it('is 0 after a stable link is lost', () => {
      const rig = new Rig()
      rig.policy.countAttempt()
      rig.decide({}, { isForgiven: true })
      rig.policy.forgive()
      rig.policy.count()
      expect(rig.policy.floor()).to.equal(0)
    })

    it('is never before a pending Retry-After', () => {
      const rig = new Rig()
      rig.fail(refused(503, '60'))
      expect(rig.policy.floor()).to.equal(60_000)
      rig.now = 59_000
      expect(rig.policy.floor()).to.equal(1_000)
      rig.now = 60_000
      expect(rig.policy.floor()).to.equal(0)
    })

    it('includes a Retry-After up to maxRetryAfter, and ignores it if shouldReconnect chose the delay', () => {
      const cut = new Rig({ maxRetryAfter: 30_000 })
      cut.fail(refused(503, '60'), { hasSucceeded: true })
      expect(cut.policy.floor()).to.equal(30_000)
      const chosen = new Rig({ shouldReconnect: () => 10 })
      chosen.fail(refused(503, '60'))
      expect(chosen.policy.floor()).to.equal(2_000)
    })

    it('is 0.5 to 1.5 times initialDelay after the last attempt, over 1,000 draws', () => {
      const rig = new Rig({}, new SeededRandom(9).next)
      rig.fail()
      const floors = Array.from({ length: 1_000 }, () => rig.policy.floor())
      expect(Math.min(...floors)).to.be.within(1_000, 1_100)
      expect(Math.max(...floors)).to.be.within(2_900, 3_000)
    })
  })
})

describe('describeDecision', () => {
  const rows: [RetryDecision, string][] = [
    [END, 'not retrying'],
    [{ retry: true, delay: 1_830.4 }, 'retrying in 1830 ms'],
    [
      { retry: true, delay: 8_000, retryAfter: 7_000 },
      'retrying in 8000 ms: the server asked for 7000 ms (Retry-After)',
    ],
    [
      { retry: true, delay: 3_601_000, retryAfter: 86_400_000 },
      'retrying in 3601000 ms: the server asked for 86400000 ms (Retry-After), more than reconnect.maxRetryAfter',
    ],
  ]
  for (const [decision, text] of rows) {
    it(`returns "${text}"`, () => {
      expect(describeDecision(decision)).to.equal(text)
    })
  }
})
