import { expect } from 'chai'
import { deferred } from '#src/core/deferred.js'
import { RoundTrips } from '#src/link/round-trips.js'
import { rejection } from '../support/rejection.js'

describe('RoundTrips', () => {
  it('numbers pings, and measures each one from when it was written to the socket', async () => {
    const trips = new RoundTrips()
    const answer = deferred<number>()
    const ping = trips.begin(100, answer)
    expect(Buffer.from(trips.payload).toString()).to.equal('1')
    ping.sentAt = 150
    trips.onPong(Buffer.from('1'), 170)
    expect(await answer.promise).to.equal(20)
    expect(trips.latency).to.equal(20)
    trips.begin(200, undefined)
    expect(Buffer.from(trips.payload).toString()).to.equal('2')
  })

  it('ignores a pong that does not match a ping', () => {
    const trips = new RoundTrips()
    trips.begin(0, undefined)
    for (const other of ['', '0', '01', '2', 'x', '1 ']) trips.onPong(Buffer.from(other), 10)
    expect(trips.latency).to.equal(undefined)
  })

  it('measures the reply to a message once', () => {
    const trips = new RoundTrips()
    expect(trips.awaitsReply).to.equal(false)
    trips.onMessageSent(100)
    expect(trips.awaitsReply).to.equal(true)
    trips.onReply(130)
    expect(trips.latency).to.equal(30)
    expect(trips.awaitsReply).to.equal(false)
  })

  it('forgets a message whose reply is no longer expected', () => {
    const trips = new RoundTrips()
    trips.onMessageSent(100)
    trips.forgetMessage()
    expect(trips.awaitsReply).to.equal(false)
  })

  it('rejects unanswered pings when the link ends', async () => {
    const trips = new RoundTrips()
    const answer = deferred<number>()
    trips.begin(0, answer)
    const error = new Error('lost')
    trips.end(error)
    expect(await rejection(answer.promise)).to.equal(error)
  })
})
