// Case 30. ccxt/ccxt #15343 and #20223. The process computes for seconds. When the timer fires, the pongs have already arrived but are unread, and a
// healthy connection is terminated. Expected: no false timeout, and a dead peer is still detected.
import { createRequire } from 'node:module'
import * as H from 'holdfast'
import { spawn } from 'node:child_process'
import { QUICK, annotate, check, end, sleep, until } from './support.mjs'

const require = createRequire(import.meta.url)

const child = spawn(
  process.execPath,
  [
    '-e',
    `
  const { WebSocketServer } = require(${JSON.stringify(require.resolve('ws'))})
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 }, () => process.send(server.address().port))
  let count = 0
  server.on('connection', (socket) => { count += 1; process.send({ count }); setInterval(() => socket.send('{"type":"tick"}'), 1000) })
`,
  ],
  { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] },
)
process.once('exit', () => child.kill('SIGKILL'))
const port = await new Promise((resolve) => child.once('message', resolve))
let count = 0
child.on('message', (message) => {
  count = message.count
})
const busy = (ms) => {
  const done = performance.now() + ms
  while (performance.now() < done);
}
for (const [style, heartbeat] of [
  ['ping', { interval: 300, timeout: 300 }],
  ['silence', { silence: 1_500 }],
]) {
  const before = count
  class Feed {
    tick() {}
    failed(error) {
      this.errors = [...(this.errors ?? []), error.name]
    }
  }
  annotate(Feed, [
    ['tick', H.OnMessage('tick')],
    ['failed', H.OnError()],
  ])
  const client = await H.bootstrap(Feed, `ws://127.0.0.1:${port}/`, {
    logger: false,
    reconnect: QUICK,
    heartbeat,
  })
  for (const ms of [1_000, 2_500, 400, 700, 1_700]) {
    busy(ms)
    // The process has only this pause between two computations.
    await sleep(60)
  }
  await until(() => count > before, 'the connection is counted')
  // A false timeout, and the connection after it, would have appeared by now.
  await sleep(400)
  check(
    count - before === 1 && !client.instance.errors,
    `${style}: ${count - before} connection(s) during 6 s of a busy process; errors: ${client.instance.errors?.join() ?? 'none'}`,
  )
  if (style === 'silence') {
    child.kill('SIGSTOP')
    busy(500)
    await until(() => client.instance.errors, 'a heartbeat timeout for the peer that hangs', 2_500)
    check(
      client.instance.errors?.[0] === 'HeartbeatTimeoutError',
      `and a peer that hangs is detected: ${client.instance.errors?.join() ?? 'no'}`,
    )
    child.kill('SIGCONT')
  }
  await client.connection.terminate()
}
child.kill()
end()
