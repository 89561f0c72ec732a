import { expect } from 'chai'
import { ready } from '../support/rig.js'

const rateLimit = { messages: 3, per: 1_000, reserve: 1 }

describe('RateLimitedTransport', () => {
  it('lets no more go than the rate allows, in order, over handlers and senders alike', async () => {
    const { client, server, clock } = await ready({ rateLimit, heartbeat: false })
    for (const text of ['a', 'b', 'c', 'd']) void client.connection.send(text)
    expect(server.peer.received).to.deep.equal(['a', 'b'])
    expect(client.connection.bufferedAmount).to.equal(2)
    await clock.advance(1_000)
    expect(server.peer.received).to.deep.equal(['a', 'b', 'c', 'd'])
    expect(client.connection.bufferedAmount).to.equal(0)
  })

  it('lets heartbeats overtake, within the reserve', async () => {
    const heartbeat = { interval: 500, timeout: 400 }
    const { client, server, clock } = await ready({ rateLimit, heartbeat })
    for (const text of ['a', 'b', 'c']) void client.connection.send(text)
    await clock.advance(500)
    expect(server.peer.pings).to.equal(1)
    expect(server.peer.received).to.deep.equal(['a', 'b'])
  })

  it('lets heartbeats by message overtake, too', async () => {
    const heartbeat = { interval: 500, timeout: 400, message: () => 'beat' }
    const { client, server, clock } = await ready({ rateLimit, heartbeat })
    for (const text of ['a', 'b', 'c']) void client.connection.send(text)
    await clock.advance(500)
    expect(server.peer.received).to.deep.equal(['a', 'b', '"beat"'])
  })

  it('is flow control for the sender', async () => {
    const { client, clock } = await ready({ rateLimit, heartbeat: false, sendHighWaterMark: 2 })
    let isThrough = false
    for (const text of ['a', 'b', 'c']) void client.connection.send(text)
    void client.connection.send('d').then(() => (isThrough = true))
    await clock.settle()
    expect(isThrough).to.equal(false)
    await clock.advance(1_000)
    expect(isThrough).to.equal(true)
  })

  it('lets what waits go before close(), within its time', async () => {
    const { client, server, clock } = await ready({ rateLimit, heartbeat: false })
    for (const text of ['a', 'b', 'c', '']) void client.connection.send(text)
    const closing = client.close()
    await clock.advance(1_000)
    await closing
    expect(server.peer.received).to.deep.equal(['a', 'b', 'c', ''])
    expect(clock.timers).to.equal(0)
  })

  it('gives up what cannot go within half of closeTimeout, and what a lost connection held back: both are reported', async () => {
    for (const isLost of [true, false]) {
      const { client, server, clock, witness } = await ready({
        rateLimit,
        heartbeat: false,
        closeTimeout: 1_000,
      })
      for (const text of ['a', 'b', 'c', 'd']) void client.connection.send(text)
      if (isLost) server.peer.drop()
      else {
        const closing = client.close()
        await clock.advance(1_000)
        await closing
      }
      expect(server.peer.received).to.deep.equal(['a', 'b'])
      expect(witness.errors[0]?.error).to.deep.include({ reason: 'lost', messages: ['c', 'd'] })
      expect(witness.errors[0]?.context).to.include({ stage: 'send', message: 'c' })
    }
  })
})
