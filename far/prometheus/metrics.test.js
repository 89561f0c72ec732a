import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { bootstrap, defineHandlers } from 'holdfast'
import { startTestServer } from 'holdfast/testing'
import { register } from 'prom-client'
import { watch } from './metrics.js'

class Ticker {
  tick() {}
}
defineHandlers(Ticker, { message: [['tick', 'tick']] }, { name: 'ticker', logger: false, heartbeat: false })

const only = (text) =>
  text
    .split('\n')
    .filter((line) => /^ws_(connections|buffered|received|dropped|connect_seconds_count)/.test(line))
    .join('\n')

test('the metrics count what connections do, and read their states when they are collected', async () => {
  const server = await startTestServer()
  const clients = []
  watch({ clients })
  const client = await bootstrap(Ticker, server.url)
  clients.push(client)
  const peer = await server.connection(1)
  for (const type of ['tick', 'other']) peer.send({ type })
  const isCounted = async () => (await register.metrics()).includes('ws_dropped_messages_total{')
  while (!(await isCounted())) await turn()
  assert.equal(
    only(await register.metrics()),
    [
      'ws_connections{client="ticker",status="open"} 1',
      'ws_buffered_bytes{client="ticker"} 0',
      'ws_received_bytes_total{client="ticker"} 31',
      'ws_connect_seconds_count{client="ticker",error=""} 1',
      'ws_dropped_messages_total{client="ticker",reason="unhandled"} 1',
    ].join('\n'),
  )
  await client.close()
  await server.close()
  assert.match(await register.metrics(), /ws_connections\{client="ticker",status="closed"\} 1/)
})
