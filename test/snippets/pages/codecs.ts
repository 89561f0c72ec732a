import { gzipSync } from 'node:zlib'
import type { PageScripts } from '../script.js'

const zipped = (message: object): Uint8Array => gzipSync(JSON.stringify(message))

export const codecs: PageScripts = {
  Huobi: {
    messages: [zipped({ ch: 'market.btcusdt.ticker', tick: { close: 64_250.5 } }), zipped({ ping: 1 })],
  },
  BatchClient: { messages: [[{ type: 'ticker', price: 64_250.5 }], { type: 'ticker', price: 64_251 }] },
  SignalRClient: { messages: ['{"type":1,"target":"priceChanged"}\u001e'] },
  Subscriber: { messages: ['MESSAGE\nsubscription:1\n\nhel', 'lo\0'] },
  PairsClient: { messages: ['type=ticker&price=64250.5'] },
}
