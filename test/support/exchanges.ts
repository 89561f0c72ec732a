import { deflateRawSync, gunzipSync, gzipSync } from 'node:zlib'
import type { Kinds, RecordedExchange } from './exchange-recording.js'

/** The expected result of replaying an exchange's recording to its recipe. It is derived from the texts, without the recipe. */
export interface Exchange extends RecordedExchange {
  readonly kinds: Kinds
  /** Matches a `product` with its `price`, or with its `bid` and `ask`. The client's `prices` or `quotes` must contain the last match. */
  readonly kept?: RegExp
  /** Matches a `product` whose book the client must keep from then on. */
  readonly books?: RegExp
  /** Answers the client's HTTP requests from the texts of the recording. */
  readonly rest?: (url: string, texts: readonly string[]) => unknown
  /** The method whose first message is made invalid, and the replacement that does so. */
  readonly spoilt: { readonly method: string; readonly pattern: RegExp; readonly by: string }
}

const NUMBER = String.raw`-?[\d.]+(?:e-?\d+)?`

const TRADE_OF_BITTREX = deflateRawSync(
  '{"deltas":[{"id":"1","quantity":"0.5","rate":"38808.83","takerSide":"BUY"}],"sequence":1,"marketSymbol":"BTC-EUR"}',
).toString('base64')

export const EXCHANGES: Readonly<Record<string, Exchange>> = {
  binance: {
    kinds: {
      changed: /^\{"stream":"\w+@depth@100ms"/g,
      quoted: /^\{"stream":"\w+@bookTicker"/g,
      traded: /^\{"stream":"\w+@aggTrade"/g,
      candle: /^\{"stream":"\w+@kline_1m"/g,
    },
    books: /"e":"depthUpdate".*?"s":"(?<product>\w+)"/,
    rest: (url, texts) => {
      const symbol = new URL(url).searchParams.get('symbol')
      const updates = texts.flatMap(
        (text) => new RegExp(`"s":"${symbol}","U":\\d+,"u":(\\d+)`).exec(text)?.[1] ?? [],
      )
      // The snapshot includes some of the changes, but not all.
      return { lastUpdateId: Number(updates[Math.min(2, updates.length - 1)]), bids: [], asks: [] }
    },
    kept: /@bookTicker".*?"s":"(?<product>\w+)","b":"(?<bid>[\d.]+)".*?"a":"(?<ask>[\d.]+)"/,
    spoilt: { method: 'quoted', pattern: /"b":"[\d.]+"/, by: '"b":"much"' },
  },
  bitfinex: {
    kinds: {
      agreed: /^\{"event":"(info|conf)"/g,
      subscribed: /^\{"event":"subscribed"/g,
      heartbeat: /^\[\d+,"hb",\d+\]$/g,
      ticked: new RegExp(String.raw`^\[\d+,\[(?:${NUMBER},){9}${NUMBER}\],\d+\]$`, 'g'),
      booked: new RegExp(
        String.raw`^\[\d+,\[(?:\[(?:${NUMBER},){2}${NUMBER}\]|(?:${NUMBER},){2}${NUMBER}\],\d+\]$)`,
        'g',
      ),
      traded: new RegExp(String.raw`^\[\d+,(?:"te"|\[\[(?:${NUMBER},){3}${NUMBER}\])`, 'g'),
    },
    more: ['[232959,"te",[669899160,1618677575000,-12.5,0.076989],1671]'],
    books: /"channel":"book".*?"symbol":"(?<product>[^"]+)"/,
    spoilt: { method: 'ticked', pattern: /,[\d.]+\],\d+\]$/, by: ',null],1]' },
  },
  bittrex: {
    kinds: {
      changed: /"M":"orderBook"/g,
      ticked: /"M":"ticker"/g,
      candle: /"M":"candle"/g,
      traded: /"M":"trade"/g,
      answered: /"R":/g,
      keptAlive: /^\{\}$|"M":\[\]/g,
    },
    more: [`{"C":"d-1","M":[{"H":"C3","M":"trade","A":["${TRADE_OF_BITTREX}"]}]}`],
    rest: () => ({ ConnectionToken: 'REDACTED' }),
    spoilt: { method: 'answered', pattern: /"Success":true/, by: '"Success":false' },
  },
  coinbase: {
    kinds: {
      snapshot: /^\{"type":"snapshot"/g,
      changed: /^\{"type":"l2update"/g,
      ticked: /^\{"type":"ticker"/g,
      traded: /^\{"type":"(last_)?match"/g,
    },
    kept: /^\{"type":"ticker".*?"product_id":"(?<product>[^"]+)","price":"(?<price>[\d.]+)"/,
    books: /^\{"type":"snapshot","product_id":"(?<product>[^"]+)"/,
    spoilt: { method: 'changed', pattern: /\[\["(buy|sell)",/, by: '[["hold",' },
  },
  deribit: {
    kinds: {
      snapshot: /"data":\{"type":"snapshot"/g,
      changed: /"data":\{"type":"change"/g,
      ticked: /"channel":"ticker\./g,
      traded: /"channel":"trades\./g,
    },
    more: [
      '{"jsonrpc":"2.0","method":"subscription","params":{"channel":"trades.ETH-23JUL21-2300-C.raw","data":[{"trade_seq":933,"trade_id":"9178","timestamp":1626993755000,"price":0.0005,"instrument_name":"ETH-23JUL21-2300-C","direction":"sell","amount":10}]}}',
    ],
    books: /"data":\{"type":"snapshot".*?"instrument_name":"(?<product>[^"]+)"/,
    kept: /"channel":"ticker\.(?<product>.*?)\.raw".*?"mark_price":(?<price>[\d.e-]+)/,
    spoilt: { method: 'ticked', pattern: /"mark_price":[\d.]+/, by: '"mark_price":"0.1"' },
  },
  gemini: {
    kinds: {
      changed: /^\{"type":"l2_updates"/g,
      traded: /^\{"type":"trade"/g,
      heartbeat: /^\{"type":"heartbeat"/g,
    },
    kept: /^\{"type":"trade","symbol":"(?<product>\w+)".*?"price":"(?<price>[\d.]+)"/,
    books: /^\{"type":"l2_updates","symbol":"(?<product>\w+)"/,
    spoilt: { method: 'changed', pattern: /\["buy","[\d.]+"/, by: '["buy","1,5"' },
  },
  huobi: {
    kinds: {
      quoted: /^\{"ch":"market\.\w+\.depth\./g,
      traded: /^\{"ch":"market\.\w+\.trade\./g,
      pinged: /^\{"ping":/g,
    },
    binary: { textOf: (frame) => gunzipSync(frame).toString(), frameOf: (text) => gzipSync(text) },
    kept: /^\{"ch":"(?<product>market\.\w+\.depth\.step0)".*?"bids":\[\[(?<bid>[^,]+),.*?"asks":\[\[(?<ask>[^,]+),/,
    spoilt: { method: 'quoted', pattern: /"bids":\[\[/, by: '"bids":[[0,' },
  },
  kraken: {
    kinds: {
      greeted: /"event":"systemStatus"/g,
      heartbeat: /"event":"heartbeat"/g,
      snapshot: /^\[\d+,\{"as":/g,
      changed: /^\[\d+,\{"[ab]":[^{}]*\},(\{[^{}]*\},)?"book-1000"/g,
    },
    books: /^\[\d+,\{"as":.*"(?<product>[^"]+)"\]$/,
    spoilt: { method: 'changed', pattern: /\[\["[\d.]+"/, by: '[["cheap"' },
  },
  okx: {
    kinds: {
      snapshot: /"action":"snapshot"/g,
      changed: /"action":"update"/g,
      ticked: /^\{"arg":\{"channel":"tickers"/g,
      traded: /^\{"arg":\{"channel":"trades"/g,
    },
    // The recorded client subscribed three times, always to everything so far. Only the last message includes the books.
    superfluous: /^\{"op":"subscribe"(?!.*"books")/,
    kept: /^\{"arg":\{"channel":"tickers".*?"instId":"(?<product>[^"]+)","last":"(?<price>[\d.]+)"/,
    books: /"channel":"books","instId":"(?<product>[^"]+)"\},"action":"snapshot"/,
    spoilt: { method: 'ticked', pattern: /"last":"[\d.]+"/, by: '"last":""' },
  },
  upbit: {
    kinds: { traded: /"ty":"trade"/g, quoted: /"ty":"orderbook"/g },
    binary: { textOf: (frame) => Buffer.from(frame).toString(), frameOf: (text) => Buffer.from(text) },
    // Each client chooses its own ticket.
    adapt: (text) => text.replace(/"ticket":"[\w-]{36}"/, '"ticket":"…"'),
    kept: /"ty":"orderbook","cd":"(?<product>[^"]+)".*?"ap":(?<ask>[\d.]+),"bp":(?<bid>[\d.]+)/,
    spoilt: { method: 'traded', pattern: /"ab":"(BID|ASK)"/, by: '"ab":"SWAP"' },
  },
}
