import { expect } from 'chai'
import { bootstrap, MessageValidationError } from 'holdfast'
import { createWsTransport } from 'holdfast/transports'
import { SUBSCRIPTIONS_DEFAULTS } from '#src/subscriptions/subscribe-options.js'
import type { Connect } from 'holdfast'
import { FakeClock, MemoryServer, startTestServer } from 'holdfast/testing'
import type { SocketPeer } from 'holdfast/testing'
import { disposal } from '../support/disposal.js'
import { eventually } from '../support/eventually.js'
import { countKinds, frameOf, readRecording } from '../support/exchange-recording.js'
import type { Recording } from '../support/exchange-recording.js'
import { EXCHANGES } from '../support/exchanges.js'
import type { Exchange } from '../support/exchanges.js'
import { observed, recipe } from '../support/recipes.js'
import type { Sides } from '../support/recipes.js'

/** Plays the server's part. Sends each frame once the client has sent everything that the recorded client had sent by then. */
async function replay(
  { passages }: Recording,
  { socket, received }: Pick<SocketPeer, 'socket' | 'received'>,
): Promise<void> {
  let sent = 0
  for (const passage of passages) {
    if (passage.from === 'server') socket.send(passage.frame)
    else {
      sent += 1
      await eventually(`the client has sent ${passage.text}`, () => received.length >= sent)
    }
  }
}

/** Parses the messages that the client sent, in the recording or now. */
function said(texts: readonly unknown[], { adapt = String }: Exchange): unknown[] {
  return texts.map((text) => JSON.parse(adapt(String(text))) as unknown)
}

/** An invalid book that stands for a missing one. */
const CROSSED: Sides = { bids: new Map([[1, 1]]), asks: new Map([[1, 1]]) }

function sumOf(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0)
}

/** Returns the last values of each product, using only the texts. */
function lastOf({ passages }: Recording, pattern: RegExp): Record<string, unknown> {
  const found = passages.flatMap(({ text }) => {
    const { product = '', price, bid, ask } = pattern.exec(text)?.groups ?? {}
    if (!product) return []
    return [[product, price === undefined ? { bid: Number(bid), ask: Number(ask) } : Number(price)] as const]
  })
  return Object.fromEntries(found)
}

/** Returns the products that must have a book, using only the texts. */
function productsIn({ passages }: Recording, pattern: RegExp): string[] {
  return [...new Set(passages.flatMap(({ text }) => pattern.exec(text)?.groups?.['product'] ?? []))]
}

/** Returns true if the highest bid is below the lowest ask. A side can be empty, for example if an option has no buyers. */
function isRight({ bids, asks }: Sides): boolean {
  return Math.max(...bids.keys()) < Math.min(...asks.keys())
}

/** Answers `fetch` from a recording until the returned function is called. */
function answerRest({ rest }: Exchange, { passages }: Recording): () => void {
  const { fetch } = globalThis
  const texts = passages.map(({ text }) => text)
  globalThis.fetch = (input) =>
    rest ? Promise.resolve(Response.json(rest(input as string, texts))) : Promise.reject(new Error('no REST'))
  return () => {
    globalThis.fetch = fetch
  }
}

for (const [name, exchange] of Object.entries(EXCHANGES)) {
  // Outside the tests, because schema libraries create globals when they are first loaded.
  const Recipe = await recipe(name)

  describe(`The recorded exchange ${name}`, function () {
    this.timeout(60_000)
    const use = disposal()
    let recording: Recording

    before(function () {
      const found = readRecording(name, exchange)
      if (found) recording = found
      else {
        console.log(`      skipped: the recording ${name}.jsonl is not available`)
        this.skip()
      }
    })

    let restore = (): void => undefined

    beforeEach(() => {
      restore = answerRest(exchange, recording)
    })

    afterEach(() => restore())

    it("calls each of its recipe's handlers as often as the file requires, and receives the recorded messages", async () => {
      const { client: Observing, calls, errors } = observed(Recipe)
      const complaints: string[] = []
      const complain = (line: string): void => void complaints.push(line)
      const server = use(await startTestServer())
      const urls: string[] = []
      const connect = createWsTransport()
      const transport: Connect = (request, listener) => {
        urls.push(request.url)
        return connect({ ...request, url: server.url }, listener)
      }
      const logger = { debug() {}, info() {}, warn: complain, error: complain }
      const starting = bootstrap(Observing, undefined, { transport, logger, reconnect: false })
      const { socket, received } = await server.connection(1)
      await replay(recording, { socket, received })
      const client = use(await starting)
      const { books } = client.instance
      const counts = countKinds(recording.passages, exchange.kinds)
      await eventually('all messages are handled', () => sumOf(calls) >= sumOf(counts))
      const products = exchange.books ? productsIn(recording, exchange.books) : []
      expect(products).to.have.length.above(exchange.books ? 2 : -1)
      // A snapshot over HTTP can arrive at any time.
      await eventually('all books have arrived', () => products.every((product) => books?.get(product)))
      const kept = products.map((product) => books?.get(product))
      const wrong = products.filter((_, index) => !isRight(kept[index] ?? CROSSED))
      const levels = kept.reduce((sum, book) => sum + (book?.bids.size ?? 0) + (book?.asks.size ?? 0), 0)
      socket.close(1000)
      const { code, initiator } = await client.closed

      expect({ code, initiator }).to.deep.equal({ code: 1000, initiator: 'remote' })
      expect(urls).to.deep.equal([recording.url])
      const sent = recording.passages.filter(({ from }) => from === 'client').map(({ text }) => text)
      expect(said(received, exchange)).to.deep.equal(said(sent, exchange))
      expect(calls).to.deep.equal(counts)
      expect(errors).to.deep.equal([])
      expect(wrong, 'missing or crossed books').to.deep.equal([])
      expect(levels).to.be.above(exchange.books ? 20 : -1)
      expect(client.connection.stats.unhandledMessages).to.equal(0)
      expect(complaints, 'warnings, including gaps in the numbering').to.deep.equal([])
      const { prices, quotes = prices } = client.instance
      if (exchange.kept) {
        expect(Object.fromEntries(quotes ?? [])).to.deep.equal(lastOf(recording, exchange.kept))
      }
    })

    it('gets each subscription acknowledged by the replies in the file', async () => {
      const { client: Observing, errors } = observed(Recipe)
      const server = new MemoryServer()
      const clock = new FakeClock()
      const options = { transport: server.connect, clock, logger: false, heartbeat: false } as const
      const client = use(await bootstrap(Observing, undefined, options))
      for (const passage of recording.passages) if (passage.from === 'server') server.peer.send(passage.frame)
      await clock.advance(SUBSCRIPTIONS_DEFAULTS.ackTimeout + 1)
      expect(errors).to.deep.equal([])
      await client.close()
    })

    it('reports a message that violates the schema to @OnError, and loses no other messages', async () => {
      const { client: Observing, calls, errors } = observed(Recipe)
      const { method, pattern, by } = exchange.spoilt
      const frames = recording.passages.filter((passage) => passage.from === 'server')
      const kind = exchange.kinds[method] as RegExp
      const index = frames.findIndex(({ text }) => text.search(kind) >= 0)
      const spoilt = frames[index]!.text.replace(pattern, by)
      expect(spoilt).to.not.equal(frames[index]!.text)

      const server = new MemoryServer()
      const clock = new FakeClock()
      const starting = bootstrap(Observing, undefined, { transport: server.connect, clock, logger: false })
      await eventually('the client has connected', () => server.peers.length > 0)
      for (const { frame } of frames.slice(0, index)) server.peer.send(frame)
      server.peer.send(frameOf(spoilt, exchange))
      server.peer.send(frames[index]!.frame)
      const client = await starting
      await client.close()

      expect(errors.map(({ constructor }) => constructor)).to.deep.equal([MessageValidationError])
      const { raw, issues } = errors[0] as MessageValidationError
      expect(raw).to.deep.equal(frameOf(spoilt, exchange))
      expect(issues).to.not.be.empty
      expect(calls).to.deep.equal(countKinds(frames.slice(0, index + 1), exchange.kinds))
    })
  })
}
