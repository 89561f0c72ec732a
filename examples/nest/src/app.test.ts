import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import type { INestApplication } from '@nestjs/common'
import { Test } from '@nestjs/testing'
import type { Connect } from 'holdfast'
import { HOLDFAST_CLOCK, HOLDFAST_TRANSPORT } from 'holdfast/nestjs'
import { accept, FakeClock, MemoryServer, refuse } from 'holdfast/testing'
import { AppModule } from './app.module.js'
import { PricesController } from './controllers.js'
import { PriceBook } from './price-book.js'
import { PriceFeed } from './price-feed.js'

let prices: MemoryServer
let alerts: MemoryServer
let clock: FakeClock
let app: INestApplication
let url: string

async function start(): Promise<void> {
  const connect: Connect = (request, listener) =>
    (request.url.includes('alerts') ? alerts : prices).connect(request, listener)
  const module = await Test.createTestingModule({ imports: [AppModule] })
    .overrideProvider(HOLDFAST_TRANSPORT)
    .useValue(connect)
    .overrideProvider(HOLDFAST_CLOCK)
    .useValue(clock)
    .compile()
  app = module.createNestApplication({ logger: false })
  await app.listen(0, '127.0.0.1')
  url = await app.getUrl()
  await clock.settle()
}

async function get(path: string): Promise<{ status: number; body: any }> {
  const response = await fetch(url + path)
  return { status: response.status, body: await response.json() }
}

function watch(symbol: string, above: number): Promise<Response> {
  return fetch(`${url}/alerts`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ symbol, above }),
  })
}

beforeEach(() => {
  prices = new MemoryServer()
  alerts = new MemoryServer()
  clock = new FakeClock()
})

afterEach(async () => {
  await app.close()
})

test('a controller serves what a client has received', async () => {
  await start()
  assert.deepEqual(await prices.peer.next(), { op: 'subscribe', channel: 'ticker' })
  prices.peer.send({ type: 'ticker', symbol: 'BTC', price: 60_000 })
  await clock.settle()
  assert.deepEqual((await get('/prices')).body, { BTC: 60_000 })
})

test('a client and a controller share one provider', async () => {
  await start()
  assert.equal(app.get(PriceFeed)['book'], app.get(PriceBook))
  assert.equal(app.get(PricesController)['book'], app.get(PriceBook))
})

test('a controller sends through a client, which repeats the request after a reconnect', async () => {
  await start()
  await watch('BTC', 70_000)
  const request = { op: 'watch', symbol: 'BTC', above: 70_000 }
  assert.deepEqual(await alerts.peer.next(), request)
  alerts.peer.drop()
  const again = await alerts.connection(2)
  assert.deepEqual(await again.next(), request)
})

test('the application serves while a feed is down, and recovers', async () => {
  alerts.script(refuse())
  await start()
  const { status, body } = await get('/health')
  assert.deepEqual([status, body.status], [200, 'degraded'])
  assert.deepEqual([body.details.prices.status, body.details.alerts.status], ['up', 'degraded'])

  alerts.script(accept())
  await alerts.connection(1)
  await clock.settle()
  assert.equal((await get('/health')).body.status, 'ok')
})

test('a pipe converts an alert, and an interceptor acknowledges it', async () => {
  await start()
  prices.peer.send({ type: 'ticker', symbol: 'BTC', price: 60_000 })
  await clock.settle()
  alerts.peer.send({ type: 'alert', id: 1, symbol: 'BTC', price: '70001' })
  assert.deepEqual(await alerts.peer.next(), { op: 'ack', id: 1 })
  assert.deepEqual((await get('/alerts')).body, [{ type: 'alert', id: 1, symbol: 'BTC', price: 70_001 }])
})

test('a guard refuses an alert for an unknown symbol', async () => {
  await start()
  alerts.peer.send({ type: 'alert', id: 1, symbol: 'DOGE', price: '1' })
  await clock.settle()
  assert.deepEqual((await get('/alerts')).body, [])
  assert.deepEqual(alerts.peer.received, [])
})

test('a filter rejects an alert without a price', async () => {
  await start()
  prices.peer.send({ type: 'ticker', symbol: 'BTC', price: 60_000 })
  await clock.settle()
  alerts.peer.send({ type: 'alert', id: 1, symbol: 'BTC', price: 'high' })
  assert.deepEqual(await alerts.peer.next(), { op: 'reject', id: 1, reason: 'not a price: high' })
})

test('the connections close with the application', async () => {
  await start()
  await app.close()
  assert.equal(prices.peer.closeFrame?.code, 1000)
  assert.equal(alerts.peer.closeFrame?.code, 1000)
})
