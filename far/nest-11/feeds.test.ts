import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { INestApplication } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { Test } from '@nestjs/testing'
import {
  HOLDFAST_CLOCK,
  HOLDFAST_RANDOM,
  HOLDFAST_TRANSPORT,
  HoldfastClients,
  getClientToken,
} from 'holdfast/nestjs'
import { FakeClock, MemoryServer } from 'holdfast/testing'
import { AppModule, Feed, PriceStore } from './feeds.js'
import { startGateway } from './gateway.js'
import type { Gateway } from './gateway.js'

/** Waits until something is true. */
async function until(isTrue: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + 15_000
  while (!(await isTrue())) {
    if (Date.now() > end) throw new Error(`still false: ${String(isTrue)}`)
    await sleep(10)
  }
}

async function startApp(spot: number, futures: number): Promise<{ app: INestApplication; url: string }> {
  process.env['SPOT_URL'] = `ws://127.0.0.1:${spot}`
  process.env['FUTURES_URL'] = `ws://127.0.0.1:${futures}`
  const app = await NestFactory.create(AppModule, { logger: false })
  await app.listen(0, '127.0.0.1')
  return { app, url: await app.getUrl() }
}

async function get(url: string): Promise<{ status: number; body: any }> {
  const response = await fetch(url, { headers: { connection: 'close' } })
  return { status: response.status, body: await response.json() }
}

describe('clients in an application', () => {
  let gateway: Gateway
  let app: INestApplication
  let url: string

  before(async () => {
    gateway = await startGateway()
    ;({ app, url } = await startApp(gateway.port, gateway.port))
    await until(() => gateway.feed.sockets.size === 2)
  })
  after(async () => {
    await app.close()
    await gateway.app.close()
  })

  const send = (event: string, data: object): void => {
    const [name, socket] = [...gateway.feed.sockets].find(([id]) => id.startsWith('Feed#'))!
    assert.ok(name)
    socket.send(JSON.stringify({ event, ...data }))
  }

  it('share a provider with a controller', async () => {
    await until(() => app.get(PriceStore).prices.length === 2)
    const { body } = await get(`${url}/prices`)
    assert.equal(body.length, 2)
  })

  it('have one instance and one connection for each name', async () => {
    const { body } = await get(`${url}/clients`)
    assert.deepEqual(body, { different: true, same: true, spot: 'open', futures: 'open' })
  })

  it('are reported to terminus as up', async () => {
    const { status, body } = await get(`${url}/health`)
    assert.equal(status, 200)
    assert.equal(body.status, 'ok')
    assert.equal(body.info.spot.state, 'open')
    assert.equal(body.info.futures.status, 'up')
  })

  it('run guards', async () => {
    const { notes } = app.get(PriceStore)
    send('guarded', { good: false })
    send('guarded', { good: true })
    await until(() => notes.length === 4)
    assert.deepEqual(notes.sort(), [
      'guard true',
      'guard true',
      'guarded',
      'handle Feed#guarded ForbiddenException',
    ])
  })

  it('run pipes, interceptors and filters, and send what they return', async () => {
    send('piped', { n: 2 })
    await until(() => gateway.feed.answers.length === 1)
    send('filtered', {})
    await until(() => gateway.feed.answers.length === 2)
    assert.deepEqual(gateway.feed.answers, [{ n: 4, type: 'body', key: 'piped' }, { caught: 'boom' }])
  })

  it('open at run time, and are garbage once closed', async () => {
    const clients = app.get(HoldfastClients)
    const opened = await Promise.all(
      ['one', 'two'].map((name) => clients.open(Feed, { name, waitForOpen: true })),
    )
    assert.equal(new Set(opened.map(({ instance }) => instance.connection)).size, 2)
    for (const client of opened) {
      assert.equal(client.instance.connection, client.connection)
      assert.equal(client.instance.store, app.get(PriceStore))
      await client.close()
    }
    assert.equal(clients.all.length, 2)
  })
})

describe('an application whose feed is down', () => {
  it('starts, reports the client as degraded, and recovers', async () => {
    const up = await startGateway()
    const down = await startGateway()
    await down.app.close()
    const { app, url } = await startApp(up.port, down.port)
    await until(async () => (await get(`${url}/clients`)).body.futures === 'waiting')
    const { status, body } = await get(`${url}/health`)
    assert.equal(status, 200)
    assert.match(body.details.futures.state, /waiting|connecting/)
    assert.match(body.details.futures.status, /^(degraded|up)$/)
    const again = await startGateway(down.port)
    await until(() => again.feed.sockets.size === 1)
    await app.close()
    assert.deepEqual([...up.feed.codes, ...again.feed.codes], [1000, 1000])
    await up.app.close()
    await again.app.close()
  })

  it('reports a client that has ended as down', async () => {
    const gateway = await startGateway()
    const { app, url } = await startApp(gateway.port, gateway.port)
    await app.get(HoldfastClients).get(Feed).close()
    const { status, body } = await get(`${url}/health`)
    assert.equal(status, 503)
    assert.equal(body.error.spot.status, 'down')
    await app.close()
    await gateway.app.close()
  })
})

describe('SIGTERM', () => {
  it('closes each client with 1001, runs each @OnClose, and ends the process', async () => {
    const gateway = await startGateway()
    const address = `ws://127.0.0.1:${gateway.port}`
    const child = spawn(process.execPath, ['.build/main.js'], {
      env: { ...process.env, SPOT_URL: address, FUTURES_URL: address },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let output = ''
    child.stdout.on('data', (data: Buffer) => {
      output += String(data)
    })
    const exited = new Promise<unknown>((resolve) => child.once('exit', (_code, signal) => resolve(signal)))
    await until(() => gateway.feed.sockets.size === 2 && output.includes('listening'))
    child.kill('SIGTERM')
    assert.equal(await exited, 'SIGTERM')
    assert.deepEqual(output.match(/@OnClose \S+ \d+/g)?.sort(), [
      '@OnClose Feed#1 1001',
      '@OnClose futures#2 1001',
    ])
    await until(() => gateway.feed.codes.length === 2)
    assert.deepEqual(gateway.feed.codes, [1001, 1001])
    await gateway.app.close()
  })
})

describe('@nestjs/testing', () => {
  process.env['SPOT_URL'] = 'ws://spot.test'
  process.env['FUTURES_URL'] = 'ws://futures.test'

  it('replaces the transport, the clock and the random numbers', async () => {
    const server = new MemoryServer()
    const clock = new FakeClock()
    const module = await Test.createTestingModule({ imports: [AppModule] })
      .setLogger(false as never)
      .overrideProvider(HOLDFAST_TRANSPORT)
      .useValue(server.connect)
      .overrideProvider(HOLDFAST_CLOCK)
      .useValue(clock)
      .overrideProvider(HOLDFAST_RANDOM)
      .useValue(() => 0.5)
      .compile()
    await module.init()
    await clock.settle()
    assert.equal(server.live, 2)
    server.peers[0]?.send({ event: 'price', price: 2 })
    await clock.settle()
    assert.deepEqual(module.get(PriceStore).prices, [{ event: 'price', price: 2 }])
    await module.close()
    assert.equal(server.live, 0)
  })

  for (const [what, fake] of [
    ['an object', { store: {} }],
    ['a stub of the class', Object.create(Feed.prototype)],
  ] as const) {
    it(`opens nothing for a client that ${what} replaces`, async () => {
      const server = new MemoryServer()
      const module = await Test.createTestingModule({ imports: [AppModule] })
        .setLogger(false as never)
        .overrideProvider(HOLDFAST_TRANSPORT)
        .useValue(server.connect)
        .overrideProvider(Feed)
        .useValue(fake)
        .overrideProvider(getClientToken(Feed, 'futures'))
        .useValue(fake)
        .compile()
      await module.init()
      assert.equal(module.get(Feed), fake)
      assert.equal(server.peers.length, 0)
      await module.close()
    })
  }
})
