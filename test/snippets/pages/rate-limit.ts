import type { PageScripts } from '../script.js'

export const rateLimit: PageScripts = { BinanceClient: {} }
