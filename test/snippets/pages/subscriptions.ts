import type { PageScripts } from '../script.js'

export const subscriptions: PageScripts = {
  TickerClient: { answer: () => ({ type: 'ticker', price: 64_250.5 }), messages: [] },
  ResumingClient: {
    answer: ({ op }) =>
      op === 'hello' ? { op: 'welcome', session: 's-1', resumed: false } : { op: 'order', id: 1 },
  },
  BookClient: {
    answer({ method, params: { symbol } }, peer) {
      const [granted, refused] = symbol
      if (method !== 'subscribe') return null
      peer.send({ method, success: true, result: { channel: 'book', symbol: granted } })
      peer.send({ method, success: false, error: 'Currency pair not supported', symbol: refused })
      return { channel: 'book', type: 'snapshot', data: [] }
    },
    errors: /Currency pair not supported/,
  },
  'BookClient 2': { answer: ({ method, req_id }) => ({ method, req_id, success: true }) },
  FeedClient: { answer: ({ args }) => ({ subscribed: args }) },
  OrderedClient: { answer: () => ({ status: 'ok' }) },
  Level2Client: { answer: () => null },
  HomeClient: {
    answer({ id }, peer) {
      peer.send({ id, type: 'result', success: true, result: null })
      return { id, type: 'event', event: { entity_id: 'light.kitchen' } }
    },
  },
  HeadsClient: {
    answer({ id }, peer) {
      peer.send({ jsonrpc: '2.0', id, result: '0x9c' })
      const params = { subscription: '0x9c', result: { number: '0x121eac0' } }
      return { jsonrpc: '2.0', method: 'eth_subscription', params }
    },
  },
  TradesClient: {
    answer({ symbol }, peer) {
      peer.send({ event: 'subscribed', chanId: 17, symbol })
      return [17, 'te', [1, 1_700_000_000_000, 0.5, 64_250.5]]
    },
  },
}
