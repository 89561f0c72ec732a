import { expect } from 'chai'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { gzipSync } from 'node:zlib'
import { DecodeError } from 'holdfast'
import { compressedCodec } from 'holdfast/codecs'
import type { ClientOptions, Failure } from 'holdfast'
import type { MessageDiagnostic } from '#src/diagnostics/payloads.js'
import { deferred } from '#src/core/deferred.js'
import type { Deferred } from '#src/core/deferred.js'
import { ready } from '../support/rig.js'
import type { Hooks, Rig } from '../support/rig.js'

/** Works like JSON-RPC, where a list is a batch. */
const batches: ClientOptions = {
  heartbeat: false,
  unpack: (decoded) => (Array.isArray(decoded) ? (decoded as unknown[]) : [decoded]),
}

/** All handled messages and errors, in order. */
function notesOf({ witness }: Rig): readonly string[] {
  return witness.notes.filter((note) => !note.startsWith('open'))
}

describe('InboundPipeline', () => {
  describe('with unpack', () => {
    it('handles each message in a frame separately, in order', async () => {
      const rig = await ready(batches)
      rig.server.peer.send([{ n: 1 }, null, { n: 2 }])
      rig.server.peer.send({ n: 3 })
      expect(rig.witness.messages).to.deep.equal([{ n: 1 }, null, { n: 2 }, { n: 3 }])
    })

    it('passes the whole frame and the same arrival time to each handler', async () => {
      const seen: unknown[] = []
      const message: Hooks['message'] = (_, { raw, receivedAt }) =>
        void seen.push([raw, receivedAt.valueOf()])
      const rig = await ready(batches, { message })
      rig.server.peer.send('[1,2]')
      expect(seen[0]).to.deep.equal(seen[1])
      expect(seen[0]).to.have.property('0', '[1,2]')
    })

    it('delivers nothing if a frame contains no messages', async () => {
      const rig = await ready(batches)
      rig.server.peer.send([])
      expect(notesOf(rig)).to.deep.equal([])
    })

    it('does not call it for binary frames that are not messages', async () => {
      const rig = await ready(batches)
      rig.server.peer.send(new Uint8Array(3))
      expect(notesOf(rig)).to.deep.equal(['binary 3'])
    })

    it('finds the reply to a heartbeat in a frame', async () => {
      const heartbeat = {
        interval: 1_000,
        timeout: 5_000,
        message: () => ({ ping: 1 }),
        isReply: (message: unknown) => 'pong' in Object(message),
      }
      const rig = await ready({ ...batches, heartbeat })
      await rig.clock.advance(1_000)
      await rig.clock.advance(40)
      rig.server.peer.send([{ n: 1 }, { pong: 1 }, { n: 2 }])
      expect(rig.witness.heartbeat.latency).to.equal(40)
      expect(rig.witness.messages).to.deep.equal([{ n: 1 }, { n: 2 }])
    })

    it('finds replies and awaited messages in a frame, and passes the rest to iterators', async () => {
      const rig = await ready(batches)
      const { connection } = rig.witness
      const messages = connection.messages()
      const reply = connection.request({ ask: 1 })
      const hello = connection.waitFor((message) => 'hello' in Object(message))
      rig.server.peer.send([{ n: 1 }, { id: 1, ok: true }, { hello: 1 }, { n: 2 }])
      expect(await reply).to.deep.equal({ id: 1, ok: true })
      expect(await hello).to.deep.equal({ hello: 1 })
      expect(rig.witness.messages).to.deep.equal([{ n: 1 }, { n: 2 }])
      expect([(await messages.next()).value, (await messages.next()).value]).to.deep.equal([
        { n: 1 },
        { n: 2 },
      ])
    })

    it('publishes each message, and remembers the last one', async () => {
      const published: unknown[] = []
      const note = (diagnostic: unknown): void =>
        void published.push((diagnostic as MessageDiagnostic).message)
      let failure: Failure | undefined
      const shouldReconnect = (given: Failure): undefined => {
        failure = given
      }
      const rig = await ready({ ...batches, reconnect: { shouldReconnect } })
      subscribe('holdfast:message', note)
      rig.server.peer.send([{ n: 1 }, { bye: 'maintenance' }])
      unsubscribe('holdfast:message', note)
      rig.server.peer.drop()
      expect(published).to.deep.equal([{ n: 1 }, { bye: 'maintenance' }])
      expect(failure?.lastMessage).to.deep.equal({ bye: 'maintenance' })
    })

    describe('that fails', () => {
      it('loses only that frame, and reports it with stage decode', async () => {
        const thrown = new Error('no batch')
        const unpack = (decoded: unknown): unknown[] => {
          if (decoded === 'bad') throw thrown
          return [decoded]
        }
        const rig = await ready({ unpack })
        rig.server.peer.send('"bad"')
        rig.server.peer.send('"good"')
        expect(notesOf(rig)).to.deep.equal(['error decode', 'message "good"'])
        const [{ error, context } = { error: undefined, context: undefined }] = rig.witness.errors
        expect(error).to.be.instanceOf(DecodeError).with.property('cause', thrown)
        expect(error).to.have.property('raw', '"bad"')
        expect(context).to.have.property('message', '"bad"')
        expect(rig.witness.connection.state.status).to.equal('open')
      })

      it('handles the messages that it returned before the failure', async () => {
        const unpack = function* (decoded: unknown): Generator {
          for (const record of String(decoded).split('|')) yield JSON.parse(record) as unknown
        }
        const rig = await ready({ unpack })
        rig.server.peer.send('"1|2|{|3"')
        rig.server.peer.send('"4"')
        expect(notesOf(rig)).to.deep.equal(['message 1', 'message 2', 'error decode', 'message 4'])
      })

      for (const value of [undefined, 'text', { M: [] }]) {
        it(`reports the error if it returns ${JSON.stringify(value)}`, async () => {
          const rig = await ready({ unpack: () => value as unknown as unknown[] })
          rig.server.peer.send('{}')
          expect(rig.witness.errors[0]?.error.message).to.match(
            /unpack must return an iterable of messages, received .*/,
          )
          expect(rig.witness.messages).to.deep.equal([])
        })
      }

      it('stops after 65,536 messages in one frame', async () => {
        const unpack = function* (): Generator<number> {
          for (let n = 0; ; n += 1) yield n
        }
        const rig = await ready({ unpack })
        rig.server.peer.send('{}')
        expect(rig.witness.messages).to.have.length(65_536)
        expect(rig.witness.errors.map(({ error }) => error.message)).to.deep.equal([
          'Failed to decode a message ("{}"): unpack returned more than 65536 messages for one frame',
        ])
        expect(rig.witness.connection.state.status).to.equal('open')
      })

      it('ignores an exception when the iteration is abandoned', async () => {
        const unpack = function* (): Generator<number> {
          try {
            yield 1
            yield 2
          } finally {
            // eslint-disable-next-line no-unsafe-finally -- as bad as can be
            throw new Error('nor is it tidy')
          }
        }
        const rig = await ready({ unpack }, { message: () => rig.witness.connection.reconnect() })
        rig.server.peer.send('{}')
        await rig.clock.settle()
        expect(rig.witness.messages).to.deep.equal([1])
        expect(rig.witness.errors).to.deep.equal([])
      })
    })

    describe('under back-pressure', () => {
      it('counts each message as one', async () => {
        const gate: Deferred<void> = deferred()
        const rig = await ready({ ...batches, highWaterMark: 4 }, { message: () => gate.promise })
        rig.server.peer.send([1, 2, 3, 4])
        expect(rig.server.peer.isPaused).to.equal(false)
        rig.server.peer.send([5])
        expect(rig.server.peer.isPaused).to.equal(true)
        gate.resolve()
        await rig.clock.settle()
        expect(rig.server.peer.isPaused).to.equal(false)
        expect(rig.witness.messages).to.deep.equal([1, 2, 3, 4, 5])
      })

      it('counts the size of a frame once, regardless of how many messages it contains and who receives the first', async () => {
        const gate: Deferred<void> = deferred()
        const rig = await ready({ ...batches, highWaterBytes: 25 }, { message: () => gate.promise })
        const first = rig.witness.connection.waitFor((message) => message === 0)
        rig.server.peer.send('[0,1,2,3,4,5]')
        await first
        rig.server.peer.send('[6,7,8,9]')
        expect(rig.server.peer.isPaused).to.equal(false)
        rig.server.peer.send('[10]')
        expect(rig.server.peer.isPaused).to.equal(true)
        gate.resolve()
        await rig.clock.settle()
        expect(rig.server.peer.isPaused).to.equal(false)
      })

      it('counts the size of a frame even if it cannot be unpacked', async () => {
        const gate: Deferred<void> = deferred()
        const unpack = (): never => {
          throw new Error('no')
        }
        const rig = await ready(
          { unpack, highWaterBytes: 25, heartbeat: false },
          { error: () => gate.promise },
        )
        rig.server.peer.send(`"${'x'.repeat(24)}"`)
        expect(rig.server.peer.isPaused).to.equal(true)
        gate.resolve()
        await rig.clock.settle()
        expect(rig.server.peer.isPaused).to.equal(false)
      })
    })

    describe('treats the rest of a frame like separate frames after', () => {
      const acts: Record<string, (rig: Rig) => unknown> = {
        'close()': ({ witness }) => void witness.connection.close(),
        'terminate()': ({ witness }) => void witness.connection.terminate(),
        'reconnect()': ({ witness }) => witness.connection.reconnect(),
        'a handler that throws': () => {
          throw new Error('handler')
        },
      }
      for (const [name, act] of Object.entries(acts)) {
        it(name, async () => {
          const whatHappens = async (frames: readonly unknown[]): Promise<readonly string[]> => {
            const rig: Rig = await ready(batches, {
              message: (message) => (message === 2 ? act(rig) : undefined),
            })
            const reply = rig.witness.connection.request({ ask: 1 })
            const settled = reply.then(
              () => rig.witness.notes.push('replied'),
              () => rig.witness.notes.push('not replied'),
            )
            const { peer } = rig.server
            for (const frame of frames) peer.send(frame)
            await rig.clock.advance(10_000)
            await settled
            return rig.witness.notes
          }
          const messages = [1, 2, 3, { id: 1 }, 4]
          const together = await whatHappens([messages])
          expect(together).to.deep.equal(await whatHappens(messages))
          expect(together).to.include.members(['message 1', 'message 2'])
          const goesOn = name === 'a handler that throws'
          expect(together.includes('message 3')).to.equal(goesOn)
          expect(together.includes('replied')).to.equal(name !== 'reconnect()')
        })
      }
    })
  })

  it('counts the decompressed size of a frame toward highWaterBytes, even if it contains several messages', async () => {
    const gate: Deferred<void> = deferred()
    const codec = compressedCodec({ format: 'gzip' })
    const rig = await ready({ codec, ...batches, highWaterBytes: 10_000 }, { message: () => gate.promise })
    rig.server.peer.send(JSON.stringify('x'.repeat(9_000)))
    rig.server.peer.send(gzipSync('[1,2]'))
    expect(rig.server.peer.isPaused).to.equal(false)
    rig.server.peer.send(gzipSync(JSON.stringify(['x'.repeat(1_000), 2])))
    expect(rig.server.peer.isPaused).to.equal(true)
    gate.resolve()
    await rig.clock.settle()
    expect(rig.server.peer.isPaused).to.equal(false)
  })
})
