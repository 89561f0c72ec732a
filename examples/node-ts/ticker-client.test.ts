import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bootstrap } from 'holdfast'
import { FakeClock, MemoryServer } from 'holdfast/testing'
import { TickerClient } from './ticker-client.ts'

const SUBSCRIBE = '{"type":"subscribe","product":"BTC-USD"}'

async function start() {
  const [server, clock] = [new MemoryServer(), new FakeClock()]
  const client = await bootstrap(TickerClient, 'ws://peer.test/', { transport: server.connect, clock })
  return { server, clock, client }
}

test('the client handles messages and answers', async () => {
  const { server, clock, client } = await start()
  server.peer.send({ type: 'ticker', price: 1.5 })
  server.peer.send({ type: 'ping' })
  await clock.settle()
  assert.deepEqual(client.instance.prices, [1.5])
  assert.deepEqual(server.peer.received, [SUBSCRIBE, '{"type":"pong"}'])
  await client.close()
})

test('the client connects and subscribes again after a drop', async () => {
  const { server, clock, client } = await start()
  server.peer.drop()
  await clock.advance(1_000)
  assert.equal(client.connection.state.status, 'open')
  assert.deepEqual(server.peer.received, [SUBSCRIBE])
  await client.close()
})
