import { expect } from 'chai'
import { Injectable } from '@nestjs/common'
import type { BeforeApplicationShutdown, OnApplicationShutdown, OnModuleDestroy } from '@nestjs/common'
import { OnClose, OnMessage, WebSocketClient } from 'holdfast'
import { deferred } from '#src/core/deferred.js'
import { closeNest, startNest } from '../support/nest-app.js'

/** Events, in order. */
let notes: string[] = []
let handling = deferred<undefined>()

@WebSocketClient({ url: 'ws://feed.test/' })
class Feed {
  @OnMessage() async received(message: unknown): Promise<void> {
    notes.push(`start ${JSON.stringify(message)}`)
    await handling.promise
    notes.push(`end ${JSON.stringify(message)}`)
  }
  @OnClose() closed(): void {
    notes.push('@OnClose')
  }
}

@WebSocketClient({ url: 'ws://chat.test/' })
class Chat {
  @OnMessage() received(): void {}
  @OnClose() closed(): void {
    notes.push('@OnClose of Chat')
  }
}

@Injectable()
class Database implements OnModuleDestroy, BeforeApplicationShutdown, OnApplicationShutdown {
  onModuleDestroy(): void {
    notes.push('destroy')
  }
  beforeApplicationShutdown(): void {
    notes.push('before')
  }
  onApplicationShutdown(): void {
    notes.push('shutdown')
  }
}

describe('HoldfastCoreModule', () => {
  beforeEach(() => {
    notes = []
    handling = deferred<undefined>()
    handling.resolve(undefined)
  })
  afterEach(closeNest)

  it('closes with 1000 when the application closes', async () => {
    const { app, server, clock } = await startNest({ providers: [Feed] })
    await clock.settle()
    await app.close()
    expect(server.peer.closeFrame).to.deep.equal({ code: 1000, reason: '' })
  })

  it('closes with 1001 when a signal shuts down the application', async () => {
    const { app, server, clock } = await startNest({ providers: [Feed] })
    await clock.settle()
    await (app as { close(signal: string): Promise<void> }).close('SIGTERM')
    expect(server.peer.closeFrame).to.deep.equal({ code: 1001, reason: 'the process is shutting down' })
  })

  it('runs each @OnClose before any onApplicationShutdown, and after every other hook', async () => {
    const { app, clock } = await startNest({ providers: [Feed, Chat, Database] })
    await clock.settle()
    await app.close()
    expect(notes).to.deep.equal(['destroy', 'before', '@OnClose', '@OnClose of Chat', 'shutdown'])
  })

  it('waits for running handlers', async () => {
    handling = deferred<undefined>()
    const { app, server, clock } = await startNest({ providers: [Feed] })
    await clock.settle()
    server.peer.send({ n: 1 })
    await clock.settle()
    const closed = app.close()
    await clock.settle()
    expect(notes).to.deep.equal(['start {"n":1}'])
    handling.resolve(undefined)
    await closed
    expect(notes).to.deep.equal(['start {"n":1}', 'end {"n":1}', '@OnClose'])
  })

  it('reads no messages from onModuleDestroy on', async () => {
    const paused = deferred<undefined>()
    const reached = deferred<undefined>()
    class Slow implements BeforeApplicationShutdown {
      async beforeApplicationShutdown(): Promise<void> {
        reached.resolve(undefined)
        await paused.promise
      }
    }
    const { app, server, clock } = await startNest({ providers: [Feed, Slow] })
    await clock.settle()
    const closed = app.close()
    await reached.promise
    expect(server.peer.isPaused).to.equal(true)
    server.peer.send({ n: 1 })
    await clock.settle()
    paused.resolve(undefined)
    await closed
    expect(notes).to.deep.equal(['@OnClose'])
  })

  it('ends a client that is waiting to reconnect', async () => {
    const { app, server, clock } = await startNest({ providers: [Feed] })
    await clock.settle()
    server.onAttempt = (peer) => peer.refuse()
    server.peer.drop()
    await clock.settle()
    await app.close()
    expect(clock.timers).to.equal(0)
  })
})
