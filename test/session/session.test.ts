import { expect } from 'chai'
import {
  bootstrap,
  Connection,
  ConnectionClosedError,
  ConnectionLostError,
  Heartbeat,
  JsonSender,
  MessageDroppedError,
  NotConnectedError,
  OnClosing,
  OnError,
  OnMessage,
  OnOpen,
  WebSocketClient,
} from 'holdfast'
import type { ClosingInfo, ConnectionContext, ErrorContext, OpenInfo } from 'holdfast'
import { FakeClock, MemoryServer } from 'holdfast/testing'
import { rejection } from '../support/rejection.js'
import { ready, start } from '../support/rig.js'
import type { Hooks } from '../support/rig.js'

const never = (): Promise<void> => new Promise(() => undefined)
const heartbeat = false

describe('Session', () => {
  describe('context.connection', () => {
    /** A client that receives the connection of its first link with a message, and has since lost or replaced that link. */
    async function late(loss: 'lost' | 'replaced') {
      let own: ConnectionContext['connection'] | undefined
      const hooks: Hooks = { message: (_message, { connection }) => void (own ??= connection) }
      const rig = await ready({ heartbeat }, hooks)
      rig.server.peer.send(1)
      if (!own) throw new Error('no message has come')
      if (loss === 'lost') {
        rig.server.peer.drop()
        await rig.clock.advance(2_000)
      } else {
        // Its requests stay unanswered, so that the link lingers.
        void own.request({ ask: 0 }).catch(() => undefined)
        rig.client.connection.reconnect({ overlap: true })
        await rig.clock.settle()
      }
      expect(rig.server.peers).to.have.length(2)
      return { ...rig, own }
    }

    it('is the same object for all contexts of a link, and another object on the next link', async () => {
      const seen: unknown[] = []
      const hooks: Hooks = {
        open: (_open, { connection }) => void seen.push(connection),
        message: (_message, { connection }) => void seen.push(connection),
      }
      const { server, clock } = await ready({ heartbeat }, hooks)
      server.peer.send(1)
      server.peer.drop()
      await clock.advance(2_000)
      expect(seen).to.have.length(3)
      expect(seen[0]).to.equal(seen[1])
      expect(seen[2]).to.not.equal(seen[0])
    })

    it('is the whole connection in contexts that do not belong to a link', async () => {
      const { own, client } = await late('lost')
      expect(own).to.be.instanceOf(Connection)
      expect(own.id).to.equal(client.connection.id)
      expect(own.signal).to.equal(client.connection.signal)
      expect(own.state).to.equal(client.connection.state)
      await own.close(4_321)
      expect(client.connection.state.status).to.equal('closed')
    })

    it('sends on the link of the message, even after it has been replaced', async () => {
      const { own, server, client } = await late('replaced')
      void own.send('text')
      void own.sendJson(1)
      void own.sendMessage({ a: 1 })
      void client.connection.send('new')
      expect(server.peers.map(({ received }) => received)).to.deep.equal([
        ['{"ask":0,"id":1}', 'text', '1', '{"a":1}'],
        ['new'],
      ])
    })

    it('counts and reports a message sent after the link is lost as dropped, and does not send it on another link', async () => {
      const { own, server, client, witness } = await late('lost')
      await own.send('text')
      await own.sendJson({ b: 1 })
      expect(server.peers.map(({ received }) => received)).to.deep.equal([[], []])
      expect(client.connection.stats.droppedMessages).to.equal(2)
      expect(
        witness.errors.map(({ error, context }) => [context.stage, context.message, error.message]),
      ).to.have.length(2)
      const [{ error } = {}] = witness.errors
      expect(error)
        .to.be.instanceOf(MessageDroppedError)
        .and.to.deep.include({ reason: 'gone', messages: ['text'] })
    })

    it('waits for messages of the same link', async () => {
      const { own, server } = await late('replaced')
      const waiting = own.waitFor((message) => message === 'go')
      server.peers[1]?.send('"go"')
      server.peers[0]?.send('"go"')
      expect(await waiting).to.equal('go')
    })

    it('immediately rejects requests and waitFor() with ConnectionLostError once the link is lost', async () => {
      const { own, server } = await late('lost')
      expect(await rejection(own.request({ ask: 1 }))).to.be.instanceOf(ConnectionLostError)
      expect(await rejection(own.waitFor(() => true))).to.be.instanceOf(ConnectionLostError)
      const replies = own.requestMany({ ask: 2 }, { isLast: () => true })
      expect(await rejection(replies.next())).to.be.instanceOf(ConnectionLostError)
      expect(server.peer.received).to.deep.equal([])
    })

    it('sends requests on its own link, and ignores replies from another link', async () => {
      let own: ConnectionContext['connection'] | undefined
      const hooks: Hooks = {
        open: async ({ replaces }, { connection }) => {
          own ??= connection
          if (replaces !== undefined) await connection.waitFor((message) => message === 'welcome')
        },
      }
      const { server, client, clock } = await ready({ heartbeat }, hooks)
      client.connection.reconnect({ overlap: true })
      await clock.settle()
      const asked = own?.request({ ask: 1 })
      server.peers[1]?.send({ id: 1, from: 'new' })
      server.peers[0]?.send({ id: 1, from: 'old' })
      expect(await asked).to.deep.equal({ id: 1, from: 'old' })
      expect(server.peers[1]?.received).to.deep.equal([])
    })

    it('responds on its own link, and throws NotConnectedError once that link is lost', async () => {
      const { own, server } = await late('replaced')
      void own.respond({ id: 7 }, { ok: true })
      expect(server.peers[0]?.received.at(-1)).to.contain('"id":7')
      expect(server.peers[1]?.received).to.deep.equal([])
      const lost = await late('lost')
      expect(() => lost.own.respond({ id: 7 }, {})).to.throw(NotConnectedError)
    })
  })

  describe('inside @OnOpen', () => {
    /** A client whose second `@OnOpen` runs while the first link is in use, until the test releases it. */
    async function candidate(
      act: (
        open: OpenInfo,
        injected: { connection: Connection; json: JsonSender; heartbeat: Heartbeat },
      ) => unknown,
    ) {
      const clock = new FakeClock()
      const server = new MemoryServer()
      server.onAttempt = (peer) => peer.accept({ protocol: `v${server.peers.length}` })
      @WebSocketClient({ inject: [Connection, JsonSender, Heartbeat] })
      class Injected {
        constructor(
          readonly connection: Connection,
          readonly json: JsonSender,
          readonly heartbeat: Heartbeat,
        ) {}
        @OnOpen() async opened(open: OpenInfo): Promise<void> {
          if (open.replaces === undefined) return
          await act(open, this)
        }
        @OnMessage() any(): void {
          // Only sends matter.
        }
      }
      const client = await bootstrap(Injected, 'ws://peer.test/', {
        clock,
        protocols: ['v1', 'v2'],
        transport: server.connect,
        random: () => 0.5,
        logger: false,
        heartbeat: { interval: 10_000, timeout: 5_000 },
      })
      client.connection.reconnect({ overlap: true })
      await clock.settle()
      const [old, candidate] = server.peers
      if (!old || !candidate) throw new Error('there is no candidate')
      return { client, clock, server, old, candidate }
    }

    it('the injected Connection and JsonSender use the opening link, even after an await', async () => {
      const {
        client,
        old,
        candidate: peer,
        clock,
      } = await candidate(async (_open, { connection, json }) => {
        void connection.send('first')
        await turns()
        void json.send({ second: true })
        await connection.waitFor((message) => message === 'welcome')
        void connection.sendMessage({ third: true })
      })
      void client.connection.send('from outside')
      peer.send('"welcome"')
      await clock.settle()
      expect(old.received).to.deep.equal(['from outside'])
      expect(peer.received).to.deep.equal(['first', '{"second":true}', '{"third":true}'])
    })

    it("the injected Connection sends requests and waits on the opening link, and has that link's protocol", async () => {
      const seen: unknown[] = []
      const {
        client,
        old,
        candidate: peer,
        clock,
      } = await candidate(async (_open, { connection }) => {
        await turns()
        seen.push(connection.protocol)
        seen.push(await connection.request({ login: 1 }))
      })
      expect(client.connection.protocol).to.equal('v1')
      old.send({ id: 1, from: 'old' })
      peer.send({ id: 1, from: 'new' })
      await clock.settle()
      expect(seen).to.deep.equal(['v2', { id: 1, from: 'new' }])
      expect(client.connection.protocol).to.equal('v2')
    })

    it('the injected Heartbeat uses the opening link, even after an await', async () => {
      let release: (() => void) | undefined
      const {
        candidate: peer,
        old,
        clock,
      } = await candidate(async (_open, { heartbeat: beats }) => {
        await turns()
        await beats.ping()
        beats.configure({ interval: 1_000, timeout: 500 })
        await new Promise<void>((resolve) => (release = resolve))
      })
      await clock.settle()
      expect([old.pings, peer.pings]).to.deep.equal([0, 1])
      await clock.advance(3_000)
      expect(old.pings).to.equal(0)
      expect(peer.pings).to.equal(4)
      release?.()
      await clock.settle()
      await clock.advance(1_000)
      expect(peer.pings).to.equal(5)
    })

    it('injected objects use the current link everywhere else, and the new one after @OnOpen has settled', async () => {
      const {
        client,
        old,
        candidate: peer,
        clock,
      } = await candidate((_open, { connection }) => connection.waitFor((message) => message === 'welcome'))
      void client.instance.json.send('meanwhile')
      peer.send('"welcome"')
      await clock.settle()
      void client.instance.json.send('new')
      expect(old.received).to.deep.equal(['"meanwhile"'])
      expect(peer.received).to.deep.equal(['"new"'])
    })

    it('requests and waits on a lost link reject, as do later ones from its context', async () => {
      const errors: unknown[] = []
      const hooks: Hooks = {
        open: async (open, { connection }) => {
          if (open.connectionNumber > 1) return
          errors.push(await rejection(connection.request({ login: 1 })))
          errors.push(await rejection(connection.waitFor(() => true)))
        },
      }
      const { server, clock, starting } = start({ heartbeat }, hooks)
      await clock.settle()
      server.peer.drop()
      await clock.advance(2_000)
      await starting
      expect(errors).to.have.length(2)
      for (const error of errors) expect(error).to.be.instanceOf(ConnectionLostError)
    })
  })

  describe('the state opening', () => {
    it('is published, and lasts from when the socket opens until @OnOpen has settled', async () => {
      let release: (() => void) | undefined
      const seen: unknown[] = []
      const rig = start(
        { heartbeat, protocols: ['v1'] },
        {
          open: async (_open, { connection }) => {
            seen.push(connection.state)
            await new Promise<void>((resolve) => (release = resolve))
          },
        },
      )
      await rig.clock.settle()
      const opening = { status: 'opening', connectionNumber: 1, protocol: 'v1' }
      expect(seen).to.deep.equal([opening])
      expect(rig.witness.states).to.deep.equal([opening])
      expect(rig.witness.connection.state).to.deep.equal(opening)
      let isOpen = false
      void rig.witness.connection.whenOpen().then(() => (isOpen = true))
      await rig.clock.settle()
      expect(isOpen).to.equal(false)
      release?.()
      await rig.starting
      await rig.clock.settle()
      expect(isOpen).to.equal(true)
      expect(rig.witness.connection.state).to.deep.equal({ ...opening, status: 'open' })
      expect(rig.witness.states.map(({ status }) => status)).to.deep.equal(['opening', 'open'])
    })
  })

  describe('@OnClosing', () => {
    /** A client that records the events at the end, and says goodbye. */
    async function leaving(
      act: {
        open?: (open: OpenInfo, context: ConnectionContext) => unknown
        message?: (message: unknown) => unknown
        closing?: (closing: ClosingInfo, context: ConnectionContext) => unknown
      } = {},
      options: object = {},
    ) {
      const clock = new FakeClock()
      const server = new MemoryServer()
      const notes: string[] = []
      const closings: ClosingInfo[] = []
      class Leaving {
        @OnOpen() opened(open: OpenInfo, context: ConnectionContext): unknown {
          return act.open?.(open, context)
        }
        @OnMessage() received(message: unknown): unknown {
          notes.push(`message ${JSON.stringify(message)}`)
          return act.message?.(message)
        }
        @OnClosing() closing(closing: ClosingInfo, context: ConnectionContext): unknown {
          notes.push('closing')
          closings.push(closing)
          return act.closing ? act.closing(closing, context) : 'goodbye'
        }
        @OnError() failed(_error: Error, { stage, fatal }: ErrorContext): void {
          notes.push(`error ${stage}${fatal ? ' fatal' : ''}`)
        }
      }
      const starting = bootstrap(Leaving, 'ws://peer.test/', {
        clock,
        transport: server.connect,
        random: () => 0.5,
        logger: false,
        heartbeat,
        ...options,
      })
      starting.catch(() => undefined)
      await clock.settle()
      return { clock, server, starting, notes, closings }
    }

    it("runs before the close frame is sent, receives that frame's code, and has its return value sent first", async () => {
      const { starting, server, closings } = await leaving()
      const client = await starting
      const { peer } = server
      let sentBefore: unknown
      peer.onMessage = () => (sentBefore = peer.closeFrame)
      await client.close(4_001, 'enough')
      expect(peer.received).to.deep.equal(['"goodbye"'])
      expect(sentBefore).to.equal(undefined)
      expect(peer.closeFrame).to.deep.equal({ code: 4_001, reason: 'enough' })
      expect(closings).to.deep.equal([{ code: 4_001, reason: 'enough' }])
    })

    it('runs after the running handlers', async () => {
      let release: (() => void) | undefined
      const rig = await leaving({ message: () => new Promise<void>((resolve) => (release = resolve)) })
      rig.server.peer.send(1)
      const closing = (await rig.starting).close()
      await rig.clock.settle()
      expect(rig.notes).to.deep.equal(['message 1'])
      release?.()
      await closing
      expect(rig.notes).to.deep.equal(['message 1', 'closing'])
    })

    it('is called but not awaited if handlers have used up half of closeTimeout', async () => {
      const rig = await leaving({ message: never, closing: () => 'goodbye' }, { closeTimeout: 2_000 })
      rig.server.peer.send(1)
      const closing = (await rig.starting).close()
      await rig.clock.advance(999)
      expect(rig.notes).to.deep.equal(['message 1'])
      await rig.clock.advance(1)
      await closing
      expect(rig.notes.slice(0, 2)).to.deep.equal(['message 1', 'closing'])
      expect(rig.server.peer.closeFrame?.code).to.equal(1000)
    })

    it('can still send in time even then, if it does so synchronously', async () => {
      const closing = (_closing: ClosingInfo, { connection }: ConnectionContext): void => {
        void connection.send('goodbye')
      }
      const rig = await leaving({ message: never, closing }, { closeTimeout: 2_000 })
      rig.server.peer.send(1)
      const closed = (await rig.starting).close()
      await rig.clock.advance(1_000)
      await closed
      expect(rig.server.peer.received).to.deep.equal(['goodbye'])
      expect(rig.notes).to.deep.equal(['message 1', 'closing', 'error handle'])
    })

    it('can send and request through its context and injected objects, even after an await, while other callers cannot', async () => {
      const injected: { connection?: Connection } = {}
      const answers: unknown[] = []
      const closing = async (_closing: ClosingInfo, { connection }: ConnectionContext): Promise<void> => {
        void connection.send('one')
        await turns()
        void injected.connection?.sendJson('two')
        answers.push(await connection.request({ op: 'logout' }))
      }
      const rig = await leaving({ closing })
      const client = await rig.starting
      injected.connection = client.connection
      const closed = client.close()
      expect(() => client.connection.send('outside')).to.throw(ConnectionClosedError)
      await rig.clock.settle()
      expect(rig.server.peer.received).to.deep.equal(['one', '"two"', '{"op":"logout","id":1}'])
      expect(() => client.connection.send('outside')).to.throw(ConnectionClosedError)
      rig.server.peer.send({ id: 1 })
      await closed
      expect(answers).to.deep.equal([{ id: 1 }])
      expect(rig.notes).to.deep.equal(['closing'])
    })

    it('can no longer send once the close frame has been sent or @OnClosing has settled', async () => {
      const thrown: unknown[] = []
      const tryTo = (connection: ConnectionContext['connection']): void => {
        try {
          void connection.send('late')
        } catch (error) {
          thrown.push(error)
        }
      }
      let release: (() => void) | undefined
      const closing = async (_closing: ClosingInfo, { connection }: ConnectionContext): Promise<void> => {
        void turns(50).then(() => tryTo(connection))
        await new Promise<void>((resolve) => (release = resolve))
        tryTo(connection)
      }
      const hanging = await leaving({ closing }, { closeTimeout: 2_000 })
      const closed = (await hanging.starting).close()
      await hanging.clock.advance(1_000)
      await closed
      release?.()
      await hanging.clock.settle()
      expect(hanging.server.peer.received).to.deep.equal(['late'])
      expect(thrown).to.have.length(1)
      expect(thrown[0]).to.be.instanceOf(ConnectionClosedError)
    })

    it('shares half of closeTimeout with the handlers, so that a hanging @OnClosing keeps nothing open', async () => {
      const rig = await leaving({ closing: never }, { closeTimeout: 2_000 })
      const closing = (await rig.starting).close()
      await rig.clock.advance(999)
      expect(rig.server.peer.closeFrame).to.equal(undefined)
      await rig.clock.advance(1)
      await closing
      expect(rig.server.peer.closeFrame?.code).to.equal(1000)
    })

    it('runs only for the old link in a handover, while that link can still send', async () => {
      const rig = await leaving()
      const { connection } = await rig.starting
      connection.reconnect({ overlap: true })
      await rig.clock.settle()
      expect(rig.server.peers.map(({ received }) => received)).to.deep.equal([['"goodbye"'], []])
      expect(rig.closings).to.deep.equal([{ code: 1000, reason: 'replaced by a new connection' }])
    })

    it('has its errors reported with stage close, and does not prevent the close', async () => {
      const rig = await leaving({ closing: () => Promise.reject(new Error('no goodbye')) })
      await (await rig.starting).close()
      expect(rig.notes).to.deep.equal(['closing', 'error close'])
      expect(rig.server.peer.closeFrame?.code).to.equal(1000)
    })

    for (const [what, act] of Object.entries<(rig: Awaited<ReturnType<typeof leaving>>) => unknown>({
      'reconnect()': async ({ starting }) => (await starting).connection.reconnect(),
      'terminate()': async ({ starting }) => void (await starting).connection.terminate(),
      'a loss': ({ server }) => server.peer.drop(),
      'a close by the peer that is not retried': ({ server }) => server.peer.close(1002),
    })) {
      it(`does not run before ${what}`, async () => {
        const rig = await leaving()
        await act(rig)
        await rig.clock.advance(60_000)
        expect(rig.closings).to.deep.equal([])
      })
    }

    it('does not run if @OnOpen has failed', async () => {
      const rig = await leaving({ open: () => Promise.reject(new Error('no')) })
      await rejection(rig.starting)
      expect(rig.server.peer.closeFrame?.code).to.equal(1000)
      expect(rig.closings).to.deep.equal([])
    })

    it('does not run if close() is called while @OnOpen runs, unless @OnOpen completes within half of closeTimeout', async () => {
      for (const [when, runs] of [
        [900, 1],
        [1_100, 0],
      ] as const) {
        let release: (() => void) | undefined
        let connection: ConnectionContext['connection'] | undefined
        const open = (_open: OpenInfo, context: ConnectionContext): Promise<void> => {
          ;({ connection } = context)
          return new Promise((resolve) => (release = resolve))
        }
        const rig = await leaving({ open }, { closeTimeout: 2_000 })
        void connection?.close()
        await rig.clock.advance(when)
        release?.()
        await rig.clock.advance(2_000)
        expect(await rejection(rig.starting)).to.be.instanceOf(ConnectionClosedError)
        expect(rig.closings).to.have.length(runs)
        expect(rig.server.peer.closeFrame?.code).to.equal(1000)
      }
    })
  })
})

/** Waits for `count` turns of promises. */
async function turns(count = 5): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await Promise.resolve()
}
