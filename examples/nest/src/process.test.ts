import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { accept, refuse } from 'holdfast/testing'
import { sendPrices, startFeed } from './local-feeds.js'

test(
  'the process starts while a feed is down, recovers, and closes its connections on SIGTERM',
  { timeout: 60_000 },
  async (t) => {
    const prices = await startFeed(sendPrices)
    const alerts = await startFeed(refuse(503))
    const child = spawn(process.execPath, ['dist/main.js'], {
      env: { ...process.env, PORT: '0', PRICES_URL: prices.url, ALERTS_URL: alerts.url, NO_COLOR: '1' },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const exit = once(child, 'exit')
    t.after(async () => {
      child.kill('SIGKILL')
      await Promise.all([prices.close(), alerts.close()])
    })

    let output = ''
    const printed = (pattern: RegExp): Promise<RegExpExecArray> =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const found = pattern.exec(output)
          if (found) resolve(found)
        }
        child.stdout.on('data', look)
        child.once('exit', () => reject(new Error(`${pattern} is not in:\n${output}`)))
        look()
      })
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })

    const [, port] = await printed(/Serving http:\S+:(\d+)/)
    const get = async (path: string): Promise<any> =>
      (await fetch(`http://localhost:${port}${path}`, { headers: { connection: 'close' } })).json()

    // One feed is down, and the application serves.
    await printed(/\[AlertFeed\] state: waiting/)
    assert.equal((await get('/health')).status, 'degraded')
    assert.equal((await get('/health')).details.prices.status, 'up')

    // The feed comes up.
    alerts.script(accept())
    await printed(/\[AlertFeed\] state: open /)
    assert.equal((await get('/health')).status, 'ok')
    while (!(await get('/prices')).BTC);

    // The process receives SIGTERM.
    const start = Date.now()
    child.kill('SIGTERM')
    assert.deepEqual(await exit, [null, 'SIGTERM'])
    assert.ok(Date.now() - start < 3_000, `${Date.now() - start} ms`)
    assert.equal((await prices.connection(1)).closeFrame?.code, 1001)
    assert.equal((await alerts.connection(1)).closeFrame?.code, 1001)
    assert.match(output, /\[PriceFeed\] @OnClose ran \(1001\)/)
    assert.match(output, /\[AlertFeed\] @OnClose ran \(1001\)/)
  },
)
