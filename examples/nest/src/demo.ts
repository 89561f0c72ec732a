// Starts two feeds on this machine, so that the application runs without an API, and then the application. The alert feed is down at
// first, and later the price feed loses its connection.
import { refuse } from 'holdfast/testing'
import { setTimeout as sleep } from 'node:timers/promises'
import { sendAlerts, sendPrices, startFeed } from './local-feeds.js'

const prices = await startFeed(sendPrices)
const alerts = await startFeed(refuse(503))
process.env['PRICES_URL'] = prices.url
process.env['ALERTS_URL'] = alerts.url
await import('./main.js')
console.log('Try: curl http://localhost:3000/health — and /prices and /alerts. Press Ctrl+C to stop.')

await sleep(3_000)
console.log('— The alert feed starts now. —')
alerts.script(sendAlerts)

await sleep(5_000)
console.log('— The price feed loses its connection now. —')
prices.connections[0]?.drop()
