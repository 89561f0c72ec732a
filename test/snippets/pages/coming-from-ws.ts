import type { PageScripts } from '../script.js'

export const comingFromWs: PageScripts = {
  Feed: { messages: [{ type: 'price', price: 42_000 }] },
}
