import type { PageScripts } from '../script.js'

export const lifeCycle: PageScripts = {
  GatewayClient: {
    messages: [{ type: 'hello' }],
    answer: ({ type }) => type === 'login' && { type: 'welcome', user: 'ada' },
  },
  // The login is answered once the challenge has been met.
  TradingClient: {
    answer({ type }, peer) {
      if (type === 'login') peer.send({ type: 'challenge', nonce: '7f' })
      else peer.send({ id: 1, type: 'welcome' })
      return null
    },
  },
  'TradingClient 2': {
    answer: ({ type }, peer) => type === 'logout' && peer.close(1000, 'bye'),
    drive: ({ instance }) => (instance as { finish(): unknown }).finish(),
  },
  PriceClient: { messages: [{ type: 'change', symbol: 'BTC-USD', price: 64_250.5 }] },
}
