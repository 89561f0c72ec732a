import type { PageScripts } from '../script.js'

const price = { type: 'price', product: 'BTC-USD', price: 64_250.5 }

export const readme: PageScripts = {
  'ws-feed.exchange.coinbase.com': {
    messages: [],
    answer: ({ product_ids: [product_id] }) => ({ type: 'ticker', product_id, price: '64250.50' }),
  },
  'spot.example.com': { messages: [price] },
  'futures.example.com': { messages: [price] },
}
