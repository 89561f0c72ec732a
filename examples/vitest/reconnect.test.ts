import { bootstrap } from 'holdfast'
import {
  accept,
  createSeededRandom,
  dropAfter,
  FakeClock,
  ignore,
  MemoryServer,
  refuse,
} from 'holdfast/testing'
import { expect, test } from 'vitest'
import { TickerClient } from './ticker-client.js'

const SUBSCRIBE = { type: 'subscribe', product: 'BTC-USD' }

test('the client handles a message', async () => {
  const server = new MemoryServer()
  const clock = new FakeClock()
  const client = await bootstrap(TickerClient, 'ws://feed.test', { transport: server.connect, clock })
  expect(await server.peer.next()).toEqual(SUBSCRIBE)
  server.peer.send({ type: 'ticker', price: 42 })
  await clock.settle()
  expect(client.instance.prices).toEqual([42])
  await client.close()
})

test('the client subscribes again after losses, a refusal and a silent server', async () => {
  const server = new MemoryServer(dropAfter(1), refuse(503), ignore(), accept())
  const options = { transport: server.connect, clock: new FakeClock(), random: createSeededRandom(42) }
  const client = await bootstrap(TickerClient, 'ws://feed.test', options)
  const second = await server.connection(2)
  expect(await second.next()).toEqual(SUBSCRIBE)
  expect(server.peers.length).toEqual(4)
  await client.close()
})
