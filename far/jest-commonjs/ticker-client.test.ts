import 'reflect-metadata'
import { bootstrap, HandshakeError, JsonSender } from 'holdfast'
import { FakeClock, MemoryServer, startTestServer } from 'holdfast/testing'
import { TickerClient } from './ticker-client'

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

test('a refusal by a real server rejects with the imported error class', async () => {
  const server = await startTestServer(undefined, { verifyClient: () => false })
  await expect(bootstrap(TickerClient, server.url)).rejects.toBeInstanceOf(HandshakeError)
  await server.close()
})

test('require and import load the same Holdfast', async () => {
  const required = jest.requireActual<typeof import('holdfast')>('holdfast')
  const imported = await import('holdfast')
  expect(required.JsonSender).toBe(JsonSender)
  expect(imported.JsonSender).toBe(JsonSender)
})
