import type { PageScripts } from '../script.js'

const challenge = { messages: [{ type: 'challenge', nonce: '7f' }] }

export const decorators: PageScripts = { Feed: challenge, PublicFeed: challenge }
