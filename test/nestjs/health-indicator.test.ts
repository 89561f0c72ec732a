import { expect } from 'chai'
import { OnMessage, WebSocketClient } from 'holdfast'
import { HoldfastClients, HoldfastHealthIndicator } from 'holdfast/nestjs'
import { MemoryServer } from 'holdfast/testing'
import { closeNest, startNest } from '../support/nest-app.js'

@WebSocketClient({ url: 'ws://feed.test/', heartbeat: false })
class Feed {
  @OnMessage() received(): void {}
}

/** A service like the one of terminus 11, which knows no degraded health. */
class HealthIndicatorService {
  check(): object {
    return { up: () => ({}), down: () => ({}) }
  }
}

describe('HoldfastHealthIndicator', () => {
  afterEach(closeNest)

  it('reports an open client as up', async () => {
    const { app, clock } = await startNest({ providers: [Feed] })
    await clock.settle()
    await clock.advance(1_000)
    expect(app.get(HoldfastHealthIndicator).check('feed', Feed)).to.deep.equal({
      feed: { status: 'up', state: 'open', silence: 1_000 },
    })
  })

  it('reports an open client as down once it has been silent for longer than maxSilence', async () => {
    const { app, clock, server } = await startNest({ providers: [Feed] })
    await clock.settle()
    const status = (): string =>
      app.get(HoldfastHealthIndicator).check('feed', Feed, { maxSilence: 5_000 }).feed.status
    await clock.advance(5_000)
    expect(status()).to.equal('up')
    await clock.advance(1)
    expect(status()).to.equal('down')
    server.peer.send({})
    await clock.settle()
    expect(status()).to.equal('up')
  })

  it('reports a connecting client as degraded', async () => {
    const server = new MemoryServer()
    server.onAttempt = () => {}
    const { app } = await startNest({ providers: [Feed] }, {}, server)
    expect(app.get(HoldfastHealthIndicator).check('feed', Feed)).to.deep.equal({
      feed: { status: 'degraded', state: 'connecting' },
    })
  })

  it('reports a client that waits to reconnect as degraded, with the reason', async () => {
    const server = new MemoryServer()
    server.onAttempt = (peer) => peer.refuse()
    const { app, clock } = await startNest({ providers: [Feed] }, {}, server)
    await clock.settle()
    expect(app.get(HoldfastHealthIndicator).check('feed', Feed)).to.deep.equal({
      feed: {
        status: 'degraded',
        state: 'waiting',
        attempt: 2,
        message: 'Failed to connect to ws://feed.test/: refused',
      },
    })
  })

  it('reports a degraded client as up in terminus 11, which would leave it out', async () => {
    const server = new MemoryServer()
    server.onAttempt = () => {}
    const { app } = await startNest({ providers: [Feed, HealthIndicatorService] }, {}, server)
    expect(app.get(HoldfastHealthIndicator).check('feed', Feed)).to.deep.equal({
      feed: { status: 'up', state: 'connecting' },
    })
  })

  it('reports a closing and a closed client as down', async () => {
    const { app, clock, server } = await startNest({ providers: [Feed] })
    await clock.settle()
    const health = app.get(HoldfastHealthIndicator)
    const closed = app.get(HoldfastClients).get(Feed).close(4_000, 'maintenance')
    expect(health.check('feed', Feed)).to.deep.equal({
      feed: { status: 'down', state: 'closing', message: 'maintenance' },
    })
    await closed
    expect(health.check('feed', Feed).feed).to.deep.include({ status: 'down', state: 'closed' })
    expect(server.live).to.equal(0)
  })

  it('reports a client that is not running as down', async () => {
    const { app } = await startNest({ providers: [Feed] })
    expect(app.get(HoldfastHealthIndicator).check('feed', Feed, { name: 'a' })).to.deep.equal({
      feed: { status: 'down', state: 'closed', message: "Feed 'a' is not running" },
    })
  })
})
