import type { PageScripts } from '../script.js'

export const heartbeat: PageScripts = {
  SpeechClient: { messages: [{ type: 'Results', transcript: 'hello world' }] },
  GatewayClient: { messages: [{ op: 10, d: { heartbeat_interval: 41_250 } }] },
}
