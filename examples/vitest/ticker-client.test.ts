import { bootstrap } from 'holdfast'
import { FakeClock, MemoryServer } from 'holdfast/testing'
import { expect, test } from 'vitest'
import { TickerClient } from './ticker-client.js'

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
  expect(client.instance.prices).toEqual([1.5])
  expect(server.peer.received).toEqual([SUBSCRIBE, '{"type":"pong"}'])
  await client.close()
})

test('the client connects and subscribes again after a drop', async () => {
  const { server, clock, client } = await start()
  server.peer.drop()
  await clock.advance(1_000)
  expect(client.connection.state.status).toBe('open')
  expect(server.peer.received).toEqual([SUBSCRIBE])
  await client.close()
})
