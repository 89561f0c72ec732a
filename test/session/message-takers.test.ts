import { expect } from 'chai'
import { BackpressureError, ConnectionLostError, WaitTimeoutError } from 'holdfast'
import { causeAndSettle, settle } from '../support/lifecycle/driven-events.js'
import { DrivenWorld } from '../support/lifecycle/driven-world.js'
import { on } from '../support/lifecycle/scene.js'
import { rejection } from '../support/rejection.js'
import { ready, start } from '../support/rig.js'
import type { Hooks } from '../support/rig.js'

const heartbeat = false
const is =
  (wanted: unknown) =>
  (message: unknown): boolean =>
    message === wanted

describe('MessageTakers', () => {
  describe('#waitFor inside @OnOpen', () => {
    /** A client whose `@OnOpen` first waits, so that unhandled messages arrive, and then acts. */
    function opening(act: NonNullable<Hooks['open']>) {
      let release: (() => void) | undefined
      const gate = new Promise<void>((resolve) => (release = resolve))
      const hooks: Hooks = {
        open: async (open, context) => {
          await gate
          await act(open, context)
        },
      }
      return { ...start({ heartbeat, drainTimeout: 1_000 }, hooks), release: () => release?.() }
    }

    it('finds messages that have already arrived, even after another await, and leaves the others to the handlers in order', async () => {
      const seen: unknown[] = []
      const rig = opening(async (_open, { connection }) => {
        seen.push(await connection.waitFor(is('b')))
      })
      await rig.clock.settle()
      for (const message of ['a', 'b', 'c']) rig.server.peer.send(JSON.stringify(message))
      await rig.clock.settle()
      expect(rig.witness.messages).to.deep.equal([])
      rig.release()
      await rig.starting
      expect(seen).to.deep.equal(['b'])
      expect(rig.witness.messages).to.deep.equal(['a', 'c'])
    })

    it('consumes only the oldest matching message', async () => {
      const seen: unknown[] = []
      const rig = opening(async (_open, { connection }) => {
        seen.push(await connection.waitFor((message) => typeof message === 'number'))
      })
      await rig.clock.settle()
      for (const message of [1, 2]) rig.server.peer.send(message)
      rig.release()
      await rig.starting
      expect(seen).to.deep.equal([1])
      expect(rig.witness.messages).to.deep.equal([2])
    })

    for (const [what, wanted] of [
      ['in order', ['first', 'second']],
      ['in any order', ['second', 'first']],
    ] as const) {
      it(`works twice in a row if both messages arrive in one segment, ${what}`, async () => {
        const seen: unknown[] = []
        const rig = start(
          { heartbeat },
          {
            open: async (_open, { connection }) => {
              for (const each of wanted) seen.push(await connection.waitFor(is(each)))
            },
          },
          (server) => {
            server.onAttempt = (peer) => {
              peer.chunk = 3
              peer.accept()
              for (const message of ['first', 'second', 'third']) peer.send(JSON.stringify(message))
            }
          },
        )
        await rig.starting
        expect(seen).to.deep.equal(wanted)
        expect(rig.witness.messages).to.deep.equal(['third'])
      })
    }

    it('waits for later messages if none have arrived', async () => {
      const seen: unknown[] = []
      const rig = opening(async (_open, { connection }) => {
        seen.push(await connection.waitFor(is('later')))
      })
      await rig.clock.settle()
      rig.server.peer.send('"early"')
      rig.release()
      await rig.clock.settle()
      rig.server.peer.send('"later"')
      await rig.starting
      expect(seen).to.deep.equal(['later'])
      expect(rig.witness.messages).to.deep.equal(['early'])
    })

    it('rejects with the error thrown by match, and consumes nothing', async () => {
      const errors: unknown[] = []
      const failure = new Error('match')
      const rig = opening(async (_open, { connection }) => {
        const match = (): never => {
          throw failure
        }
        errors.push(await rejection(connection.waitFor(match)))
        errors.push(
          await rejection(connection.waitFor((() => Promise.resolve(true)) as unknown as () => boolean)),
        )
      })
      await rig.clock.settle()
      rig.server.peer.send(1)
      rig.release()
      await rig.starting
      expect(errors[0]).to.equal(failure)
      expect(errors[1]).to.be.instanceOf(TypeError)
      expect(rig.witness.messages).to.deep.equal([1])
    })

    it('checks no messages if its signal has aborted', async () => {
      const errors: unknown[] = []
      const rig = opening(async (_open, { connection }) => {
        errors.push(
          await rejection(connection.waitFor(() => true, { signal: AbortSignal.abort(new Error('no')) })),
        )
      })
      await rig.clock.settle()
      rig.server.peer.send(1)
      rig.release()
      await rig.starting
      expect(errors).to.have.length(1)
      expect(rig.witness.messages).to.deep.equal([1])
    })

    it('checks only messages of the opening link', async () => {
      const seen: unknown[] = []
      let release: (() => void) | undefined
      const hooks: Hooks = {
        open: async ({ replaces }, { connection }) => {
          if (replaces === undefined) return
          await new Promise<void>((resolve) => (release = resolve))
          seen.push(await connection.waitFor((message) => typeof message === 'string'))
        },
        // Keeps the queue busy, so that messages of the old link wait in it.
        message: (message) => (message === 0 ? new Promise<void>(() => undefined) : undefined),
      }
      const { client, server, clock } = await ready({ heartbeat }, hooks)
      client.connection.reconnect({ overlap: true })
      await clock.settle()
      server.peers[0]?.send(0)
      server.peers[0]?.send('"old"')
      server.peers[1]?.send('"new"')
      release?.()
      await clock.settle()
      expect(seen).to.deep.equal(['new'])
    })

    it('is the only place that checks earlier messages, because elsewhere waitFor() waits for the next message', async () => {
      let release: (() => void) | undefined
      const hooks: Hooks = { message: () => new Promise<void>((resolve) => (release ??= resolve)) }
      const { client, server, clock } = await ready({ heartbeat }, hooks)
      for (const message of [1, 2]) server.peer.send(message)
      const waiting = rejection(client.connection.waitFor(is(2), { timeout: 100 }))
      await clock.advance(100)
      expect(await waiting).to.be.instanceOf(WaitTimeoutError)
      release?.()
      await clock.settle()
    })
  })

  describe('requests and waits', () => {
    it('that start without a link are bound to the next one, and requests are sent when it is ready', async () => {
      const { client, server, clock } = await ready({ heartbeat })
      server.peer.drop()
      const asked = client.connection.request({ ask: 1 })
      const waiting = client.connection.waitFor(is('go'))
      await clock.advance(2_000)
      expect(server.peer.received).to.deep.equal(['{"ask":1,"id":1}'])
      server.peer.send({ id: 1 })
      server.peer.send('"go"')
      expect(await asked).to.deep.equal({ id: 1 })
      expect(await waiting).to.equal('go')
    })

    it('that start without a link survive failed attempts, and end with the link that they are bound to', async () => {
      const { client, server, clock } = await ready({ heartbeat })
      server.peer.drop()
      server.onAttempt = (peer) => (server.peers.length < 4 ? peer.refuse() : peer.accept())
      const asked = rejection(client.connection.request({ ask: 1 }))
      const waiting = rejection(client.connection.waitFor(is('go')))
      await clock.advance(20_000)
      expect(server.peer.received).to.deep.equal(['{"ask":1,"id":1}'])
      server.peer.drop()
      expect(await asked).to.be.instanceOf(ConnectionLostError)
      expect(await waiting).to.be.instanceOf(ConnectionLostError)
    })

    it('on a lost link reject in the same turn, before anything else is reported', async () => {
      const order: string[] = []
      const hooks: Hooks = { close: () => void order.push('@OnClose') }
      const { client, server, clock } = await ready({ heartbeat }, hooks)
      const note = (what: string) => (): void => void order.push(what)
      client.connection.request({ ask: 1 }).catch(note('request'))
      client.connection.waitFor(() => false).catch(note('wait'))
      const replies = client.connection.requestMany({ ask: 2 }, { isLast: () => false })
      replies.next().catch(note('replies'))
      server.peer.close(1012)
      for (let turn = 0; turn < 20; turn += 1) await Promise.resolve()
      expect(order.slice(0, 3)).to.have.members(['request', 'wait', 'replies'])
      await clock.settle()
      expect(order.at(-1)).to.equal('@OnClose')
    })

    it('on a lost candidate reject, while those on the current link continue', async () => {
      const errors: unknown[] = []
      const hooks: Hooks = {
        open: async ({ replaces }, { connection }) => {
          if (replaces === undefined) return
          errors.push(await rejection(connection.request({ login: 1 })))
        },
      }
      const { client, server, clock } = await ready({ heartbeat }, hooks)
      const asked = client.connection.request({ ask: 1 })
      client.connection.reconnect({ overlap: true })
      await clock.settle()
      server.peers[1]?.drop()
      await clock.settle()
      expect(errors[0]).to.be.instanceOf(ConnectionLostError)
      server.peers[0]?.send({ id: 1 })
      await asked
    })

    it('are sent again on the next link with a new ID if resend is set, whatever has failed in the meantime', async () => {
      const { client, server, clock } = await ready({ heartbeat })
      const again = client.connection.request({ ask: 1 }, { resend: true })
      const once = rejection(client.connection.request({ ask: 2 }))
      server.peer.drop()
      expect(await once).to.be.instanceOf(ConnectionLostError)
      server.onAttempt = (peer) => (server.peers.length < 3 ? peer.refuse() : peer.accept())
      await clock.advance(10_000)
      expect(server.peers.map(({ received }) => received)).to.deep.equal([
        ['{"ask":1,"id":1}', '{"ask":2,"id":2}'],
        [],
        ['{"ask":1,"id":1}'],
      ])
      server.peer.send({ id: 1 })
      await again
    })

    it('reject with BackpressureError at 16 times highWaterMark', async () => {
      const hooks: Hooks = { message: () => new Promise<void>(() => undefined) }
      const { client, server } = await ready({ heartbeat, highWaterMark: 2 }, hooks)
      const asked = rejection(client.connection.request({ ask: 1 }))
      const waiting = rejection(client.connection.waitFor(() => false))
      for (let count = 0; count < 16 * 2 + 1; count += 1) server.peer.send(1)
      expect(await asked).to.be.instanceOf(BackpressureError)
      expect(await waiting).to.be.instanceOf(BackpressureError)
    })
  })

  it("send the cancel message on the request's link when the caller aborts, even after that link is replaced", async () => {
    const requests = { cancel: (id: unknown) => ({ cancel: id }) }
    const { client, clock, server } = await ready({ heartbeat, requests })
    const controller = new AbortController()
    void client.connection.request({ ask: 1 }, { signal: controller.signal })
    client.connection.reconnect({ overlap: true })
    await clock.settle()
    controller.abort()
    const [old, current] = server.peers.map(({ received }) => received)
    expect(old).to.deep.equal(['{"ask":1,"id":1}', '{"cancel":1}'])
    expect(current).to.deep.equal([])
  })

  it('report a cancel function that throws with stage encode, and send nothing on a lost link', async () => {
    const thrown = new Error('no')
    let calls = 0
    const cancel = (): never => {
      calls += 1
      throw thrown
    }
    const { client, clock, server, witness } = await ready({ heartbeat, requests: { cancel } })
    const ask = (): AbortController => {
      const controller = new AbortController()
      void client.connection.request({ ask: 1 }, { signal: controller.signal })
      return controller
    }
    ask().abort()
    await clock.settle()
    expect(witness.errors.map(({ error, context }) => [error, context.stage])).to.deep.equal([
      [thrown, 'encode'],
    ])
    const late = ask()
    server.peer.drop()
    late.abort()
    expect(calls).to.equal(1)
  })

  it('leave subscriptions for the next link if the peer has already started to close when the link becomes ready', async () => {
    const reports: Error[] = []
    const world = new DrivenWorld(false, {
      inside: () => undefined,
      onReport: (error) => reports.push(error),
    })
    world.start()
    await settle()
    await causeAndSettle(world, on.attemptOpened(1))
    const first = world.transports.get(1)
    if (first) first.isOpen = false
    await causeAndSettle(world, on.onOpenResolved(1))
    expect(first?.sent).to.deep.equal([])
    await causeAndSettle(world, on.linkClosedByPeer(1, 'retry'))
    await causeAndSettle(world, on.drained(1))
    await causeAndSettle(world, on.onCloseSettled(1))
    await causeAndSettle(world, on.timerFired('delay'))
    await causeAndSettle(world, on.attemptOpened(2))
    await causeAndSettle(world, on.onOpenResolved(2))
    expect(world.transports.get(2)?.sent).to.deep.equal(['"subscribe"'])
    expect(reports).to.deep.equal([])
    void world.connection.terminate()
  })
})
