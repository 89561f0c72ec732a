import { startTestServer } from 'holdfast/testing'
import type { Behavior, TestServer } from 'holdfast/testing'

/** Sends two prices every 500 ms. */
export const sendPrices: Behavior = (peer) => {
  let price = 100
  peer.accept()
  const timer = setInterval(() => {
    price += 1
    peer.send({ type: 'ticker', symbol: 'BTC', price })
    peer.send({ type: 'ticker', symbol: 'ETH', price: price / 20 })
  }, 500)
  peer.onEnd = () => clearInterval(timer)
}

/** Sends an alert one second after each request. The price is a string, as in many real APIs. */
export const sendAlerts: Behavior = (peer) => {
  let alerts = 0
  peer.accept()
  peer.onMessage = (data) => {
    const { op, symbol, above } = JSON.parse(String(data)) as { op: string; symbol: string; above: number }
    if (op !== 'watch') return
    alerts += 1
    const alert = { type: 'alert', id: alerts, symbol, price: String(above + 1) }
    setTimeout(() => peer.send(alert), 1_000)
  }
}

export function startFeed(behavior: Behavior): Promise<TestServer> {
  return startTestServer(undefined, { script: [behavior] })
}
