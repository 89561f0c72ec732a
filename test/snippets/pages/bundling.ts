import type { PageScripts } from '../script.js'

export const bundling: PageScripts = { FeedClient: { messages: [{ type: 'challenge' }] } }
