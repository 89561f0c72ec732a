import type { PageScripts } from '../script.js'

export const requests: PageScripts = {
  NodeClient: { answer: ({ id }) => ({ jsonrpc: '2.0', id, result: '0x121eac0' }) },
  'NodeClient 2': {
    messages: ['may_i', 'will_you'].map((method, id) => ({ jsonrpc: '2.0', id, method })),
    answer: () => null,
  },
  ApiClient: { answer: ({ req_id }) => ({ req_id: String(req_id), error: 'not logged in' }) },
  PriceClient: {
    answer({ id, type }) {
      if (type === 'connection_init') return { type: 'connection_ack' }
      return type === 'subscribe' ? { id, type: 'next', payload: { data: { price: 64_250.5 } } } : null
    },
  },
}
