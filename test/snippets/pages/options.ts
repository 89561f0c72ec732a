import type { PageScripts } from '../script.js'

export const options: PageScripts = {
  Gateway: {
    messages: [{ op: 0, t: 'READY', s: 1, d: { resume_gateway_url: 'wss://resume.example.com/' } }],
  },
}
