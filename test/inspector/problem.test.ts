import { expect } from 'chai'
import type { ConnectionSnapshot } from '#src/diagnostics/live-connections.js'
import { causeOf, endProblem, problemOf } from '#src/inspector/problem.js'
import { FakeLiveConnection, REFUSED } from '../support/live-connection.js'

const NOW = 1_000_000

function problem(values: Partial<ConnectionSnapshot>, lastError?: { at: number; text: string }) {
  return problemOf(new FakeLiveConnection('prices#1', values, new Set()).snapshot(), NOW, lastError)
}

describe('problemOf', () => {
  it('finds nothing wrong with an open connection, and with a first attempt', () => {
    expect(problem({})).to.equal(undefined)
    expect(problem({ status: 'connecting', connectionNumber: 0 })).to.equal(undefined)
  })

  it('reports why a connection waits, and for which attempt', () => {
    const nextAttempt = { at: NOW + 12_000, attempt: 4, error: REFUSED }
    expect(problem({ status: 'waiting', nextAttempt })).to.deep.equal({
      level: 'bad',
      text: 'is waiting to reconnect: connect ECONNREFUSED 127.0.0.1:9',
      attempt: 4,
      at: NOW + 12_000,
    })
  })

  it('distinguishes connections that have never been open', () => {
    const nextAttempt = { at: NOW, attempt: 2, error: REFUSED }
    expect(problem({ status: 'waiting', connectionNumber: 0, nextAttempt })?.text).to.match(
      /^is waiting to connect:/,
    )
  })

  it('reports a connection that waits for an unknown reason', () => {
    expect(problem({ status: 'waiting' })).to.deep.equal({ level: 'bad', text: 'is waiting to reconnect' })
  })

  it('warns about an attempt to reconnect', () => {
    expect(problem({ status: 'connecting' })).to.deep.equal({ level: 'warn', text: 'is reconnecting' })
  })

  it('warns about slow handlers', () => {
    expect(problem({ isPaused: true, queuedMessages: 1_024 })?.text).to.equal(
      'has paused its socket: 1,024 messages wait for handlers',
    )
  })

  it('warns about more than 1 MiB of unsent bytes', () => {
    expect(problem({ bufferedAmount: 1_048_576 })).to.equal(undefined)
    expect(problem({ bufferedAmount: 5_452_595 })?.text).to.equal(
      'cannot send fast enough: 5.2 MiB are buffered',
    )
  })

  it('warns about an error for one minute', () => {
    expect(problem({}, { at: NOW - 60_000, text: 'decode: no JSON' })?.text).to.equal(
      'reported an error in the last minute: decode: no JSON',
    )
    expect(problem({}, { at: NOW - 60_001, text: 'decode: no JSON' })).to.equal(undefined)
  })
})

describe('endProblem', () => {
  it('finds nothing wrong with a connection that was closed on purpose', () => {
    expect(endProblem(undefined)).to.equal(undefined)
  })

  it('reports why a connection has ended', () => {
    expect(endProblem('HTTP 401')).to.deep.equal({ level: 'bad', text: 'has ended: HTTP 401' })
  })
})

describe('causeOf', () => {
  it('leaves out the URL of a failed attempt, but not a proxy', () => {
    expect(causeOf(REFUSED)).to.equal('connect ECONNREFUSED 127.0.0.1:9')
    const message = 'Failed to connect to wss://a/ through the proxy http://b: connect ETIMEDOUT'
    expect(causeOf({ ...REFUSED, message })).to.equal(message)
    expect(causeOf({ name: 'Error', message: 'Failed to connect to x: y' })).to.equal(
      'Failed to connect to x: y',
    )
  })
})
