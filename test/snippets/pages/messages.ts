import type { PageScripts } from '../script.js'

export const messages: PageScripts = {
  TickerClient: {
    messages: [
      { type: 'ticker', price: 64_250.5 },
      { type: 'status', online: true },
    ],
  },
  MarketClient: {
    messages: [
      { type: 'ticker', product_id: 'BTC-USD', price: '64250.5' },
      { type: 'ticker', product_id: 'BTC-USD' },
      { type: 'book', bids: [['64250', '1']] },
      { type: 'book', changes: [['buy', '64250', '2']] },
    ],
    errors: /MarketClient#tick: price/,
  },
  'MarketClient 2': {
    answer: ({ id, channel, op }) => (op === 'subscribe' ? { id, subscribed: channel } : null),
  },
  Exporter: { messages: [{ type: 'export', table: 'trades' }] },
  Bot: { messages: [{ type: 'event', envelope_id: 'e1' }] },
}
