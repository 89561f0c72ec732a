import { setTimeout as nextTimer } from 'node:timers/promises'
import { expect } from 'chai'
import { perLink } from 'holdfast'
import type { ConnectionContext } from 'holdfast'
import { heapInUse } from '../support/heap.js'
import { ready } from '../support/rig.js'
import type { Hooks } from '../support/rig.js'

describe('perLink', () => {
  it('keeps one state per link, shared by @OnOpen, handlers, @OnError, and @OnClose', async () => {
    let made = 0
    const logs = perLink(() => [(made += 1)] as unknown[])
    const seen: unknown[][] = []
    const note =
      (what: string) =>
      (_: unknown, context: ConnectionContext): void => {
        const log = logs.of(context)
        log.push(what)
        if (!seen.includes(log)) seen.push(log)
      }
    const hooks: Hooks = {
      open: note('open'),
      message: note('message'),
      binary: note('binary'),
      close: note('close'),
      error: note('error'),
    }
    const rig = await ready({ heartbeat: false }, hooks)
    rig.server.peer.send({ n: 1 })
    rig.server.peer.send('{')
    rig.server.peer.send(new Uint8Array(1))
    rig.server.peer.drop()
    await rig.clock.advance(10_000)
    rig.server.peer.send({ n: 2 })
    expect(seen).to.deep.equal([
      [1, 'open', 'message', 'error', 'binary', 'close'],
      [2, 'open', 'message'],
    ])
  })

  it('never mixes the two links in a handover', async () => {
    const books = perLink(() => new Map<string, number>())
    const seen: unknown[] = []
    const message: Hooks['message'] = (value, context) => {
      const { set } = value as { set: number }
      const book = books.of(context)
      seen.push([book.get('price'), set])
      book.set('price', set)
    }
    const rig = await ready({ heartbeat: false, drainTimeout: 60_000 }, { message })
    const [old] = rig.server.peers
    old?.send({ set: 1 })
    const held = rig.witness.connection.request({ hold: 'the old link' })
    rig.witness.connection.reconnect({ overlap: true })
    await rig.clock.settle()
    const [, fresh] = rig.server.peers
    fresh?.send({ set: 10 })
    old?.send({ set: 2 })
    fresh?.send({ set: 11 })
    expect(seen).to.deep.equal([
      [undefined, 1],
      [undefined, 10],
      [1, 2],
      [10, 11],
    ])
    old?.send({ id: 1 })
    await held
  })

  it('keeps a state that is undefined, and creates it only once', async () => {
    let made = 0
    const nothing = perLink(() => void (made += 1))
    const rig = await ready({}, { message: (_, context) => nothing.of(context) })
    rig.server.peer.send({ n: 1 })
    rig.server.peer.send({ n: 2 })
    expect(made).to.equal(1)
  })

  it('keeps the states from two calls apart', async () => {
    const [one, other] = [perLink(() => ['one']), perLink(() => ['other'])]
    const seen: unknown[] = []
    const message: Hooks['message'] = (_, context) =>
      void seen.push(one.of(context).at(0), other.of(context).at(0))
    const rig = await ready({}, { message })
    rig.server.peer.send({ n: 1 })
    expect(seen).to.deep.equal(['one', 'other'])
  })

  it('throws for the context of the whole connection, and lists the valid contexts', async () => {
    const books = perLink(() => new Map())
    const { witness } = await ready()
    expect(() => books.of({ connection: witness.connection })).to.throw(
      TypeError,
      'received the context of the whole connection. Pass the context of @OnOpen, @OnMessage',
    )
    expect(() => books.of({} as ConnectionContext)).to.throw(
      TypeError,
      'received a context whose connection is undefined',
    )
  })

  it('accepts any object that a test passes as a connection', () => {
    const books = perLink(() => [])
    const context = { connection: {} } as ConnectionContext
    expect(books.of(context)).to.equal(books.of(context))
    expect(books.of(context)).not.to.equal(books.of({ connection: {} } as ConnectionContext))
  })

  it('lets the state be garbage-collected with its link', async () => {
    const states: WeakRef<object>[] = []
    const books = perLink(() => {
      const book = new Map()
      states.push(new WeakRef(book))
      return book
    })
    const rig = await ready({ heartbeat: false }, { message: (_, context) => void books.of(context) })
    rig.server.peer.send({ n: 1 })
    rig.server.peer.drop()
    rig.server.peers.length = 0
    await rig.clock.advance(10_000)
    rig.server.peer.send({ n: 2 })
    // The error of the loss has a stack, which keeps objects in memory until it is read.
    rig.witness.states.length = 0
    // A weak reference keeps its object until the turn of the event loop in which it was created ends.
    await nextTimer(0)
    heapInUse()
    expect(states.map((state) => state.deref() !== undefined)).to.deep.equal([false, true])
  })
})
