import type { PageScripts } from '../script.js'

export const production: PageScripts = {
  serveHealth: { args: ({ connection }) => [[connection]] },
}
