import type { PageScripts } from '../script.js'

export const orderAndBackPressure: PageScripts = {
  MarketClient: { messages: ['quote', 'trade'].map((type) => ({ type, symbol: 'BTC-USD' })) },
}
