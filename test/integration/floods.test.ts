import { expect } from 'chai'
import { bootstrap, OnClose, OnError, OnMessage, ProtocolViolationError } from 'holdfast'
import type { Client, ClientOptions, ConnectionContext, ErrorContext } from 'holdfast'
import { disposal } from '../support/disposal.js'
import { eventually, turns } from '../support/eventually.js'
import {
  BINARY,
  CLOSE,
  TEXT,
  closePayload,
  frame,
  startRawServer,
  upgradeAnswer,
} from '../support/raw-server.js'
import type { RawConnection } from '../support/raw-server.js'
import { SELF_SIGNED } from '../support/self-signed.js'
import { watchedConnect } from '../support/watched-transport.js'
import { BOTH_WAYS } from '../ws/ws-scene.js'

const COUNT = 3_000
const LIMIT = 4_000

/** Returns the numbers from `first` to `last`. */
function numbers(last: number, first = 1): number[] {
  return Array.from({ length: last + 1 - first }, (_, index) => first + index)
}

/** Returns the frames of messages with these numbers. Some of their texts are not ASCII. */
function texts(all: readonly number[], size = 100): Buffer {
  const textOf = (number: number): string =>
    JSON.stringify({ number, padding: (number % 7 === 0 ? 'č' : 'x').repeat(size) })
  return Buffer.concat(all.map((number) => frame(TEXT, textOf(number))))
}

type Act = (number: number, context: ConnectionContext) => Promise<void> | void

/** Creates a client class that records the received numbers, and calls `act` with each. */
function flooded(act: Act = () => undefined) {
  const log = { numbers: [] as number[], errors: [] as { error: Error; stage: string }[], atClose: -1 }
  class Flooded {
    @OnMessage()
    message({ number }: { number: number }, context: ConnectionContext): Promise<void> | void {
      log.numbers.push(number)
      return act(number, context)
    }

    @OnError()
    failed(error: Error, { stage }: ErrorContext): void {
      log.errors.push({ error, stage })
    }

    @OnClose()
    closed(): void {
      log.atClose = log.numbers.length
    }
  }
  return { Flooded, log }
}

// A flood must follow every rule that a single message follows. The class above records most of what the tests check.
for (const scheme of ['ws', 'wss'] as const) {
  for (const { way, fastPaths, transport } of BOTH_WAYS) {
    describe(`A flood over ${scheme} ${way}`, function () {
      this.timeout(60_000)
      const use = disposal()

      /** Starts a server that starts its flood in the same segment as the handshake response, and answers a close frame. */
      async function floodServer(
        ...flood: readonly Uint8Array[]
      ): Promise<{ url: string; connection: RawConnection }> {
        const server = use(await startRawServer(upgrade(flood), scheme))
        return {
          url: server.url,
          get connection() {
            return server.connections[0] as RawConnection
          },
        }
      }

      async function start(
        url: string,
        type: new () => object,
        options: ClientOptions = {},
      ): Promise<Client> {
        const tls = { ca: SELF_SIGNED.cert }
        const defaults = { logger: false, reconnect: false, maxPayload: LIMIT, transport, tls } as const
        return use(await bootstrap(type, url, { ...defaults, ...options }))
      }

      it('waits in the network for a slow handler, and is handled in order', async () => {
        let letGo: () => void = () => undefined
        const gate = new Promise<void>((resolve) => (letGo = resolve))
        const { Flooded, log } = flooded(() => gate)
        // More than the system buffers on both sides of a connection.
        const server = await floodServer(texts(numbers(20_000), 1_000))
        const sight = { received: 0, pauses: 0, resumes: 0 }
        await start(server.url, Flooded, { highWaterMark: 100, transport: watchedConnect(sight, transport) })
        await eventually('the socket is paused', () => sight.pauses > 0)
        await turns(100)
        expect(log.numbers).to.deep.equal([1])
        // The fast path does not even deliver the rest of the chunk: it stops one message above the mark.
        if (fastPaths) expect(sight.received).to.be.within(100, 102)
        else expect(sight.received).to.be.within(100, 100 + 70)
        expect(server.connection.socket.writableLength).to.be.greaterThan(0)
        letGo()
        await eventually('all have been handled', () => log.numbers.length === 20_000)
        expect(log.numbers).to.deep.equal(numbers(20_000))
        expect(log.errors).to.deep.equal([])
      })

      it('delivers no unread messages after a paused connection is terminated', async () => {
        let letGo: () => void = () => undefined
        const gate = new Promise<void>((resolve) => (letGo = resolve))
        const { Flooded, log } = flooded(() => gate)
        const server = await floodServer(texts(numbers(COUNT)))
        const sight = { received: 0, pauses: 0, resumes: 0 }
        const watched = watchedConnect(sight, transport)
        const client = await start(server.url, Flooded, { highWaterMark: 100, transport: watched })
        await eventually('the socket is paused', () => sight.pauses > 0)
        const { received } = sight
        const cut = client.connection.terminate()
        letGo()
        await cut
        await turns()
        expect(log.numbers).to.deep.equal(numbers(received))
        expect(log.atClose).to.equal(received)
      })

      const wrong = [
        { what: 'above maxPayload', sentCode: 1009, bad: frame(TEXT, 'x'.repeat(LIMIT + 1)) },
        { what: 'of bytes above maxPayload', sentCode: 1009, bad: frame(BINARY, new Uint8Array(LIMIT + 1)) },
        {
          what: 'that is not UTF-8',
          sentCode: 1007,
          bad: frame(TEXT, Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22])),
        },
        { what: 'that is masked', sentCode: 1002, bad: Buffer.from([0x81, 0x81, 1, 2, 3, 4, 0x30]) },
      ]
      for (const { what, sentCode, bad } of wrong) {
        it(`ends at a message ${what}, so that only the messages before it are handled`, async () => {
          const { Flooded, log } = flooded()
          const server = await floodServer(texts(numbers(COUNT)), bad, texts(numbers(2 * COUNT, COUNT + 1)))
          const client = await start(server.url, Flooded)
          const close = await client.closed
          expect(close).to.include({ code: 1006, sentCode, initiator: 'local' })
          expect(log.numbers).to.deep.equal(numbers(COUNT))
          expect(log.atClose).to.equal(COUNT)
          expect(log.errors).to.have.lengthOf(1)
          expect(log.errors[0]?.error).to.be.instanceOf(ProtocolViolationError).and.include({ sentCode })
        })
      }

      it('continues even if a handler throws on every third message', async () => {
        const { Flooded, log } = flooded((number) => {
          if (number % 3 === 0) throw new Error(`at ${number}`)
        })
        const server = await floodServer(texts(numbers(COUNT)), frame(CLOSE, closePayload(4_000)))
        const client = await start(server.url, Flooded)
        expect(await client.closed).to.include({ code: 4_000, initiator: 'remote' })
        expect(log.numbers).to.deep.equal(numbers(COUNT))
        expect(log.errors.map(({ error, stage }) => `${stage} ${error.message}`)).to.deep.equal([
          ...numbers(COUNT / 3).map((number) => `handle at ${3 * number}`),
          'close Connection closed by the peer with 4000',
        ])
      })

      it('delivers nothing after a handler terminates the connection', async () => {
        const { Flooded, log } = flooded((number, { connection }) => {
          if (number === 500) void connection.terminate()
        })
        const server = await floodServer(texts(numbers(COUNT)))
        const client = await start(server.url, Flooded)
        expect(await client.closed).to.include({ code: 1006, initiator: 'local' })
        await turns()
        expect(log.numbers).to.deep.equal(numbers(500))
        expect(log.atClose).to.equal(500)
      })

      it('does not prevent a handler from closing, and delivers nothing after @OnClose', async () => {
        const { Flooded, log } = flooded((number, { connection }) => {
          if (number === 500) void connection.close(4_001, 'enough')
        })
        const server = await floodServer(texts(numbers(COUNT)))
        const client = await start(server.url, Flooded)
        expect(await client.closed).to.include({ code: 4_001, initiator: 'local', wasClean: true })
        await turns()
        expect(log.numbers).to.deep.equal(numbers(500))
        expect(log.atClose).to.equal(500)
        expect(log.errors).to.deep.equal([])
        expect(server.connection.frames()).to.deep.equal([
          { opcode: CLOSE, payload: closePayload(4_001, 'enough') },
        ])
      })
    })
  }
}

/** Upgrades the connection and sends the flood. Answers a close frame and ends. */
function upgrade(flood: readonly Uint8Array[]) {
  return (connection: RawConnection): void => {
    const { socket, request } = connection
    socket.write(Buffer.concat([Buffer.from(upgradeAnswer(request)), ...flood]))
    socket.on('data', () => {
      const last = connection.frames().at(-1)
      if (last?.opcode === CLOSE) socket.end(frame(CLOSE, last.payload))
    })
  }
}
