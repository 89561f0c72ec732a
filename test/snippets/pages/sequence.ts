import type { PageScripts } from '../script.js'

const trade = { type: 'match', product_id: 'BTC-USD', trade_id: 10 }
const depth = { e: 'depthUpdate', U: 1, u: 5, b: [['64250', '1']], a: [] }
const change = { document: 'prices', previous: 7, revision: 8, entry: { id: 'BTC-USD', value: 64_250.5 } }

export const sequence: PageScripts = {
  TradeClient: { messages: [trade, trade] },
  Books: {
    messages: [
      { type: 'snapshot', product: 'BTC-USD', levels: [[64_000, 1.5]] },
      { type: 'update', product: 'BTC-USD', levels: [[64_001, 2]] },
    ],
  },
  BinanceBooks: {
    messages: ['BTCUSDT', 'ETHUSDT'].map((s) => ({ ...depth, s })),
    fetch: () => ({ lastUpdateId: 3, bids: [], asks: [] }),
  },
  Documents: {
    answer({ id, method }, peer) {
      if (method !== 'get') return undefined
      // The change arrives when the document is ready.
      setTimeout(() => peer.send({ jsonrpc: '2.0', method: 'changed', params: change }), 20)
      return { jsonrpc: '2.0', id, result: { revision: 7, entries: [] } }
    },
  },
}
