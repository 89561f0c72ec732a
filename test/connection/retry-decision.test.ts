import { expect } from 'chai'
import {
  ConnectFailedError,
  ConnectOptionError,
  HandshakeError,
  InvalidUrlError,
  OnOpenTimeoutError,
} from 'holdfast'
import type { Failure, Initiator } from 'holdfast'
import { RETRY_DEFAULTS, drawSpacing, isFatal } from '#src/connection/retry-policy.js'
import type { RetryFacts } from '#src/connection/retry-policy.js'

const url = 'wss://peer.test'
const MAX = 60_000
const STAGES = [
  ['before the first success', false],
  ['after the first success', true],
] as const

/** A plain loss by default. */
function failure(facts: Partial<Failure> = {}): Failure {
  return { initiator: 'network', attempt: 1, elapsed: 0, hasBeenOpen: false, ...facts }
}

function connectError(code: string | undefined): ConnectFailedError {
  return new ConnectFailedError(url, Object.assign(new Error('it failed'), { code }))
}

function refusal(status: number): Failure {
  return failure({ status, error: new HandshakeError(url, `answered ${status}`, { status }) })
}

function decide(given: Failure, facts: Partial<RetryFacts> = {}): boolean {
  return isFatal(given, { hasSucceeded: false, maxRetryAfter: MAX, ...facts })
}

describe('isFatal', () => {
  describe('HTTP statuses (B27)', () => {
    const REFUSALS = [400, 401, 402, 403, 404, 405, 406, 407, 409, 410, 418, 422, 426, 428, 431, 451, 499]
    const FATAL = [200, 204, 299, 300, 301, 302, 304, 307, 308, 399, ...REFUSALS]
    const RETRIED = [408, 425, 429, 500, 501, 502, 503, 504, 520, 599, 999]
    for (const status of FATAL) {
      it(`are fatal before the first success, and lead to a retry after it: ${status}`, () => {
        expect(decide(refusal(status))).to.equal(true)
        expect(decide(refusal(status), { hasSucceeded: true })).to.equal(false)
      })
    }
    for (const status of RETRIED) {
      it(`lead to a retry before and after the first success: ${status}`, () => {
        expect(decide(refusal(status))).to.equal(false)
        expect(decide(refusal(status), { hasSucceeded: true })).to.equal(false)
      })
    }

    for (const status of [200, 302, 401, 404, 429, 500, 503]) {
      it(`lead to a retry if Retry-After is at most maxRetryAfter, and otherwise are fatal before the first success: ${status}`, () => {
        for (const retryAfter of [0, MAX]) expect(decide(refusal(status), { retryAfter })).to.equal(false)
        expect(decide(refusal(status), { retryAfter: MAX + 1 })).to.equal(true)
        expect(decide(refusal(status), { retryAfter: MAX + 1, hasSucceeded: true })).to.equal(false)
      })
    }
  })

  for (const [title, hasSucceeded] of STAGES) {
    describe(title, () => {
      const RECEIVED = [1000, 1001, 1002, 1003, 1005, 1006, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014]
      const CODES = [...RECEIVED, 1015, 3000, 4000, 4999]
      const FATAL_CODES: Readonly<Record<Initiator, readonly number[]>> = {
        remote: [1002, 1003, 1007, 1009, 1010],
        local: [],
        network: [],
      }
      for (const initiator of ['remote', 'local', 'network'] as const) {
        for (const code of CODES) {
          const isEnd = FATAL_CODES[initiator].includes(code)
          it(`close code ${code} with initiator ${initiator} is ${isEnd ? 'fatal' : 'not fatal'} (B26)`, () => {
            expect(decide(failure({ code, initiator, hasBeenOpen: true }), { hasSucceeded })).to.equal(isEnd)
          })
        }
      }

      it('returns false for a close frame without a code', () => {
        expect(decide(failure({ initiator: 'remote', hasBeenOpen: true }), { hasSucceeded })).to.equal(false)
      })

      it('returns false for a lost link without a reason', () => {
        expect(decide(failure({ code: 1006, hasBeenOpen: true }), { hasSucceeded })).to.equal(false)
      })

      it('returns true for an invalid URL', () => {
        expect(decide(failure({ error: new InvalidUrlError('is odd') }), { hasSucceeded })).to.equal(true)
      })

      it('returns false if an option function threw, and true if it returned an invalid value (B12)', () => {
        const threw = new ConnectOptionError('url', new Error('no token'))
        const returned = new ConnectOptionError('headers', new TypeError('a line feed'), true)
        expect(decide(failure({ error: threw }), { hasSucceeded })).to.equal(false)
        expect(decide(failure({ error: returned }), { hasSucceeded })).to.equal(true)
      })

      for (const violation of ['upgrade', 'accept', 'subprotocol', 'extension'] as const) {
        it(`returns true for an upgrade with a wrong ${violation}`, () => {
          const error = new HandshakeError(url, 'is odd', { violation })
          expect(decide(failure({ error }), { hasSucceeded })).to.equal(true)
        })
      }

      // Codes of X509_verify_cert_error_string in Node's spelling, and Node's own codes.
      const FATAL_CERTIFICATES = [
        'CERT_CHAIN_TOO_LONG',
        'CERT_FINGERPRINT_MISMATCH',
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
        'UNSPECIFIED',
      ]
      const RETRIED = [
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
      for (const code of FATAL_CERTIFICATES) {
        it(`${code} is fatal (B27)`, () => {
          expect(decide(failure({ error: connectError(code) }), { hasSucceeded })).to.equal(true)
        })
      }
      for (const code of [...RETRIED, undefined]) {
        it(`returns false for a failed connection with the code ${code} (B27)`, () => {
          expect(decide(failure({ error: connectError(code) }), { hasSucceeded })).to.equal(false)
        })
      }
    })
  }

  describe('a failed @OnOpen', () => {
    const threw = failure({ error: new Error('wrong password'), initiator: 'local', hasBeenOpen: true })

    it('that threw is fatal before the first success, but not after it', () => {
      expect(decide(threw, { isOpenFailure: true })).to.equal(true)
      expect(decide(threw, { isOpenFailure: true, hasSucceeded: true })).to.equal(false)
    })

    it('that timed out is not fatal', () => {
      const late = failure({ error: new OnOpenTimeoutError(1) })
      expect(decide(late, { isOpenFailure: true })).to.equal(false)
    })

    it('is not treated as a failed connection, whatever it threw', () => {
      for (const error of [new InvalidUrlError('is odd'), connectError('CERT_REVOKED')]) {
        expect(decide(failure({ error }), { isOpenFailure: true, hasSucceeded: true })).to.equal(false)
      }
    })
  })
})

const LAST = 1 - 2 ** -32

describe('drawSpacing', () => {
  it('returns a value between half and one and a half of initialDelay', () => {
    expect(drawSpacing(RETRY_DEFAULTS, () => 0)).to.equal(1_000)
    expect(Math.ceil(drawSpacing(RETRY_DEFAULTS, () => LAST))).to.equal(3_000)
  })
})
