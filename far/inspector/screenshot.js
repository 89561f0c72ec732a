// Takes the picture of the page for the docs: three connections, one of which waits. Takes a minute, because the plots need their history.
import { writeFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { startInspector } from 'holdfast/inspector'
import { FakeLiveConnection, REFUSED } from '../../.build/test/support/live-connection.js'
import { openBrowser } from './browser.js'

const SECONDS = 60
const LOST_AT = 36
const RETRIED_AT = 48

const TRADE = { name: 'TradesClient#trade', event: "@OnMessage('trade')" }
const PRICE = { name: 'PricesClient#price', event: "@OnMessage('price')" }

const inspector = await startInspector()
const browser = await openBrowser()
const { page } = browser
await page.goto(inspector.url)

const chat = new FakeLiveConnection('chat#1', { class: 'ChatClient', url: 'wss://chat.example.com/' })
const trades = new FakeLiveConnection('trades#1', { class: 'TradesClient', handlers: [TRADE] })
const prices = new FakeLiveConnection('prices#1', {
  class: 'PricesClient',
  url: 'ws://127.0.0.1:9/',
  handlers: [PRICE, { name: 'PricesClient#failed', event: '@OnError()' }],
})

function call(connection, { name }) {
  const data = connection.publish('tracing:holdfast:handler:start', { handler: name, kind: 'message' })
  connection.publish('tracing:holdfast:handler:end', data)
}

/** A wave between 0 and 1. */
const wave = (second, period) => (1 + Math.sin((second / period) * 2 * Math.PI)) / 2

for (let second = 0; second < SECONDS; second += 1) {
  for (let count = 0; count < 20 + 60 * wave(second, 17); count += 1) {
    trades.receive(1, 180)
    call(trades, TRADE)
  }
  trades.set({ latency: 20 + 9 * wave(second, 7), queuedMessages: Math.round(4 * wave(second, 5)) })
  chat.receive(Math.round(6 * wave(second, 11)), 90)
  if (second % 4 === 0) chat.send()
  chat.set({ latency: 8 + wave(second, 6) })
  if (second < LOST_AT) {
    for (let count = 0; count < 6 + 10 * wave(second, 13); count += 1) {
      prices.receive(1, 120)
      call(prices, PRICE)
    }
    prices.set({ latency: 11 + 4 * wave(second, 9) })
  }
  if (second === 20) prices.reportError('no price in the message')
  if (second === LOST_AT) {
    const close = { code: 1006, sentCode: undefined, initiator: 'network', willReconnect: true }
    prices.publish('holdfast:close', { ...close, duration: 734_000, error: undefined })
    prices.set({ latency: undefined })
    prices.wait(REFUSED, 3, 12_000)
  }
  if (second === RETRIED_AT) {
    prices.setStatus('connecting')
    prices.wait(REFUSED, 4, 24_000)
  }
  await delay(1_000)
}
const target = process.argv[2] ?? new URL('../../docs/pictures/inspector.png', import.meta.url)
writeFileSync(target, await page.screenshot())
for (const connection of [chat, trades, prices]) connection.end()
await browser[Symbol.asyncDispose]()
await inspector.close()
