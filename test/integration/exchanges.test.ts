import { expect } from 'chai'
import { existsSync, readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { bootstrap } from 'holdfast'
import { startTestServer } from 'holdfast/testing'
import { disposal } from '../support/disposal.js'
import { eventually } from '../support/eventually.js'
import {
  Binance,
  Bitfinex,
  Bittrex,
  Coinbase,
  Deribit,
  Gemini,
  Huobi,
  Kraken,
  Okx,
  Upbit,
} from '../support/exchange-clients.js'
import type { Counting } from '../support/exchange-clients.js'

/** Where the recordings lie, beside the project: their licence keeps them out of it. */
const FOLDER = new URL('../../../../shared/data/exchanges/', import.meta.url)

interface Line {
  readonly d: 'open' | 'send' | 'recv' | 'close'
  readonly text?: string
  readonly b64?: string
}

/** A kind of message, and how it is recognised in the text of one, without any parser. */
type Kinds = Readonly<Record<string, RegExp>>

interface Exchange {
  readonly client: new () => Counting
  readonly kinds: Kinds
  /** Reads the text out of a binary frame. */
  readonly textOf?: (data: Buffer) => string
  /** What the client has to have answered before the server closes; nothing for most. */
  readonly answers?: RegExp
}

const EXCHANGES: Readonly<Record<string, Exchange>> = {
  binance: {
    client: Binance,
    kinds: {
      depth: /^\{"stream":"\w+@depth@100ms"/g,
      bookTicker: /^\{"stream":"\w+@bookTicker"/g,
      aggTrade: /^\{"stream":"\w+@aggTrade"/g,
      kline: /^\{"stream":"\w+@kline_1m"/g,
    },
  },
  bitfinex: {
    client: Bitfinex,
    kinds: {
      data: /^\[\d+,(?!"hb")/g,
      hb: /^\[\d+,"hb"/g,
      subscribed: /^\{"event":"subscribed"/g,
      rest: /^\{"event":"(info|conf)"/g,
    },
  },
  bittrex: {
    client: Bittrex,
    kinds: {
      orderBook: /"M":"orderBook"/g,
      ticker: /"M":"ticker"/g,
      candle: /"M":"candle"/g,
      result: /"R":/g,
      session: /"M":\[\]/g,
      keepalive: /^\{\}$/g,
    },
  },
  coinbase: {
    client: Coinbase,
    kinds: {
      l2update: /^\{"type":"l2update"/g,
      snapshot: /^\{"type":"snapshot"/g,
      ticker: /^\{"type":"ticker"/g,
      match: /^\{"type":"match"/g,
      last_match: /^\{"type":"last_match"/g,
      rest: /^\{"type":"subscriptions"/g,
    },
  },
  deribit: { client: Deribit, kinds: { subscription: /"method":"subscription"/g, result: /"result":/g } },
  gemini: {
    client: Gemini,
    kinds: {
      l2_updates: /^\{"type":"l2_updates"/g,
      trade: /^\{"type":"trade"/g,
      heartbeat: /^\{"type":"heartbeat"/g,
    },
  },
  huobi: {
    client: Huobi,
    kinds: { market: /^\{"ch":/g, subbed: /"subbed":/g, ping: /^\{"ping":/g },
    textOf: (data) => gunzipSync(data).toString(),
    answers: /^\{"pong":/,
  },
  kraken: {
    client: Kraken,
    kinds: {
      book: /^\[.*"book-1000"/g,
      heartbeat: /"event":"heartbeat"/g,
      subscribed: /"event":"subscriptionStatus"/g,
      rest: /"event":"systemStatus"/g,
    },
  },
  okx: {
    client: Okx,
    kinds: {
      subscribe: /"event":"subscribe"/g,
      snapshot: /"action":"snapshot"/g,
      update: /"action":"update"/g,
      tickers: /^\{"arg":\{"channel":"tickers"/g,
      trades: /^\{"arg":\{"channel":"trades"/g,
    },
  },
  upbit: {
    client: Upbit,
    kinds: { trade: /"ty":"trade"/g, orderbook: /"ty":"orderbook"/g },
    textOf: (data) => data.toString(),
  },
}

/** The frames that a line's recorder got: text as text, the rest as bytes. */
function framesOf(lines: readonly Line[]): (string | Buffer)[] {
  return lines.filter(({ d }) => d === 'recv').map(({ text, b64 = '' }) => text ?? Buffer.from(b64, 'base64'))
}

/** Counts each kind in the frames by its text alone. */
function countKinds(
  frames: readonly (string | Buffer)[],
  { kinds, textOf = String }: Exchange,
): Record<string, number> {
  const texts = frames.map((frame) => (typeof frame === 'string' ? frame : textOf(frame)))
  const counts = Object.entries(kinds).map(([kind, pattern]) => {
    const found = texts.reduce((count, text) => count + (text.match(pattern)?.length ?? 0), 0)
    return [kind, found] as const
  })
  return Object.fromEntries(counts)
}

describe('The recorded exchange', function () {
  this.timeout(60_000)
  const use = disposal()

  for (const [name, exchange] of Object.entries(EXCHANGES)) {
    it(`${name} brings each handler as many messages as the file holds`, async function () {
      const file = new URL(`${name}.jsonl`, FOLDER)
      if (!existsSync(file)) {
        console.log(`      skipped: there is no recording ${name}.jsonl beside the project`)
        this.skip()
      }
      const text = readFileSync(file, 'utf8').trimEnd()
      const lines = text.split('\n').map((line) => JSON.parse(line) as Line)
      const frames = framesOf(lines)
      const expected = countKinds(frames, exchange)
      const answers = lines.flatMap(({ d, text: sent = '' }) =>
        d === 'send' && exchange.answers?.test(sent) ? [sent] : [],
      )

      const complaints: string[] = []
      const complain = (line: string): void => void complaints.push(line)
      const logger = { debug: complain, info: complain, warn: complain, error: complain }
      const server = use(
        await startTestServer(({ socket }) => {
          for (const frame of frames) socket.send(frame)
        }),
      )
      const client = use(await bootstrap(exchange.client, server.url, { logger, reconnect: false }))
      const { socket, received } = await server.connection(1)
      await eventually('the client has answered what it must', () => received.length === answers.length)
      socket.close(1000)
      const { code, initiator } = await client.closed

      expect({ code, initiator }).to.deep.equal({ code: 1000, initiator: 'remote' })
      expect(client.instance.counts).to.deep.equal(expected)
      expect(received.map((answer) => JSON.parse(String(answer)) as unknown)).to.deep.equal(
        answers.map((answer) => JSON.parse(answer) as unknown),
      )
      expect(complaints).to.deep.equal([])
      const total = Object.values(expected).reduce((sum, count) => sum + count, 0)
      expect(total, 'every frame is of some kind').to.be.at.least(frames.length)
    })
  }
})
