// The integration tests for runtimes that cannot run the suite. They run the packed package against a real server under Node.js, and
// print their counts. The process exits only if Holdfast leaves nothing open.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** Maximum duration of a case in milliseconds. */
const LIMIT = 20_000

const QUICK = { initialDelay: 20, minUptime: 0 }

async function startServer() {
  const path = fileURLToPath(new URL('server.js', import.meta.url))
  const server = spawn('node', [path], { stdio: ['pipe', 'pipe', 'inherit'] })
  const [line] = await once(server.stdout, 'data')
  const [plain, secure] = line.toString().trim().split(' ')
  return { server, ws: `ws://127.0.0.1:${plain}`, wss: `wss://127.0.0.1:${secure}` }
}

/** Waits until a condition is true. */
async function until(isSo) {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 5))
}

/** Returns the cases by title. Each receives the URLs of the server. */
function casesOf(holdfast, testing) {
  const { bootstrap, defineHandlers } = holdfast

  /** Creates a client class that records all its events. */
  function witness(options = {}) {
    class Witness {
      opens = []
      messages = []
      binaries = []
      pings = []
      errors = []
      closes = []
      log = []
      open(open) {
        this.opens.push(open)
        this.log.push('open')
      }
      message(message) {
        this.messages.push(message)
      }
      binary(data) {
        this.binaries.push(data)
      }
      ping(data) {
        this.pings.push(new TextDecoder().decode(data))
      }
      error(error, { stage, fatal }) {
        this.errors.push(error)
        this.log.push(`${error.constructor.name} ${stage}${fatal ? ' fatal' : ''}`)
      }
      close(close) {
        this.closes.push(close)
        this.log.push(`close ${close.code}`)
      }
    }
    const handlers = ['open', 'message', 'binary', 'ping', 'error', 'close']
    defineHandlers(Witness, Object.fromEntries(handlers.map((name) => [name, name])), {
      logger: false,
      reconnect: QUICK,
      ...options,
    })
    return Witness
  }

  const connect = (url, options) => bootstrap(witness(options), url)

  /** Triggers the behavior of a server path, and returns the record of the first loss. */
  async function lost(url, options) {
    const client = await connect(url, options)
    await client.connection.send('go')
    await until(() => client.instance.closes.length > 0)
    await client.close()
    const { log, errors, closes } = client.instance
    return { log, error: errors[0], close: closes[0] }
  }

  /** Returns the error of a start whose first attempt must fail for good. */
  async function refused(url, options) {
    const attempts = []
    const shouldReconnect = () => void attempts.push('asked')
    const error = await connect(url, { ...options, reconnect: { ...QUICK, shouldReconnect } }).then(
      async (client) => {
        await client.close()
        return undefined
      },
      (thrown) => thrown,
    )
    assert.ok(error instanceof holdfast.HandshakeError, `rejected with ${error}`)
    assert.equal(attempts.length, 1)
    return error
  }

  const echoes = async (url, options) => {
    const client = await connect(url, { headers: { 'X-Key': 'k1' }, ...options })
    const texts = ['a', 'ä€😀', 'x'.repeat(70_000), 'é'.repeat(2_000_000)]
    for (const text of texts) void client.connection.sendJson({ type: 'echo', text })
    await until(() => client.instance.messages.length === texts.length + 1)
    const [hello, ...echoed] = client.instance.messages
    assert.deepEqual(hello, { type: 'hello' })
    assert.deepEqual(
      echoed.map(({ text }) => text),
      texts,
    )
    assert.equal(echoed[0].headers['x-key'], 'k1')
    await client.close()
    assert.equal((await client.closed).wasClean, true)
    return echoed[0]
  }

  return {
    'headers and texts of every size arrive in both directions': async ({ ws }) => {
      await echoes(ws)
    },
    'headers and texts arrive over TLS': async ({ wss }) => {
      await echoes(wss)
    },
    'headers and texts arrive with compression': async ({ ws }) => {
      assert.match((await echoes(`${ws}/compressed`, { compression: true })).extensions, /permessage-deflate/)
    },
    'bytes arrive unchanged': async ({ ws }) => {
      const client = await connect(ws)
      const sizes = [0, 125, 126, 65_536, 3_000_000]
      const sent = sizes.map((size) => Uint8Array.from({ length: size }, (_, index) => index % 251))
      for (const bytes of sent) void client.connection.send(bytes)
      await until(() => client.instance.binaries.length === sizes.length)
      for (const [index, bytes] of client.instance.binaries.entries())
        assert.equal(Buffer.compare(bytes, sent[index]), 0)
      await client.close()
    },
    '20,000 messages reach a slow handler in order': async ({ ws }) => {
      const numbers = []
      class Slow {
        async number({ number }) {
          if (number % 100 === 0) await new Promise((resolve) => setTimeout(resolve, 1))
          numbers.push(number)
        }
        rest() {}
      }
      defineHandlers(Slow, { message: [['number', 'number'], 'rest'] }, { logger: false, highWaterMark: 50 })
      const client = await bootstrap(Slow, ws)
      void client.connection.sendJson({ type: 'burst', count: 20_000 })
      await until(() => numbers.length === 20_000)
      assert.ok(numbers.every((number, index) => number === index + 1))
      await client.close()
    },
    'requests receive their replies, and time out without one': async ({ ws }) => {
      const client = await connect(ws)
      const values = Array.from({ length: 100 }, (_, index) => index)
      const replies = await Promise.all(
        values.map((value) => client.connection.request({ type: 'ask', value })),
      )
      assert.deepEqual(
        replies.map(({ value }) => value),
        values.map((value) => value * 2),
      )
      await assert.rejects(
        client.connection.request({ type: 'mute' }, { timeout: 50 }),
        holdfast.RequestTimeoutError,
      )
      await client.close()
    },
    'pings are answered, in both directions': async ({ ws }) => {
      const client = await connect(ws, { heartbeat: { interval: 50, timeout: 5_000 } })
      void client.connection.sendJson({ type: 'ping' })
      await until(() => client.instance.messages.some(({ type }) => type === 'ponged'))
      assert.deepEqual(client.instance.pings, ['who is there'])
      await client.close()
      assert.deepEqual(client.instance.errors, [])
    },
    'a half-open link is terminated after interval + timeout': async ({ ws }) => {
      const { log } = await lost(`${ws}/half-open`, { heartbeat: { interval: 100, timeout: 100 } })
      assert.deepEqual(log.slice(0, 3), ['open', 'HeartbeatTimeoutError heartbeat', 'close 1006'])
    },
    'a lost connection is restored, with one @OnClose for each @OnOpen': async ({ ws }) => {
      const client = await connect(ws)
      const hellos = () => client.instance.messages.filter(({ type }) => type === 'hello').length
      for (let count = 1; count <= 3; count += 1) {
        void client.connection.sendJson({ type: 'drop' })
        await until(() => client.instance.opens.length === count + 1)
        assert.equal(client.instance.opens[count].isReconnect, true)
      }
      await until(() => hellos() === 4)
      await client.close()
      assert.equal(client.instance.closes.length, 4)
    },
    'close codes and reasons arrive': async ({ ws }) => {
      const client = await connect(ws, { reconnect: false })
      void client.connection.sendJson({ type: 'leave', code: 4_321, reason: 'moved' })
      const { code, reason, initiator, wasClean } = await client.closed
      assert.deepEqual(
        { code, reason, initiator, wasClean },
        { code: 4_321, reason: 'moved', initiator: 'remote', wasClean: true },
      )
    },
    'a refused handshake is fatal, and its error has the status, headers and body': async ({ ws }) => {
      const { status, headers, body } = await refused(`${ws}/forbidden`)
      assert.deepEqual(
        { status, reason: headers['x-reason'], body },
        { status: 403, reason: 'key', body: 'no such key' },
      )
      assert.equal((await refused(`${ws}/redirected`)).status, 302)
    },
    'an invalid handshake response is fatal': async ({ ws }) => {
      assert.equal((await refused(`${ws}/wrong-accept`)).violation, 'accept')
      assert.equal((await refused(`${ws}/wrong-extension`)).violation, 'extension')
      assert.equal(
        (await refused(`${ws}/wrong-subprotocol`, { protocols: ['mine'] })).violation,
        'subprotocol',
      )
    },
    'a server that is silent or unreachable is retried': async ({ ws }) => {
      const reconnect = { ...QUICK, maxAttempts: 3 }
      const start = (url) => connect(url, { reconnect, connectTimeout: 100 })
      await assert.rejects(start(`${ws}/silent`), holdfast.RetriesExhaustedError)
      await assert.rejects(start('ws://127.0.0.1:1'), holdfast.RetriesExhaustedError)
    },
    'a reset is reported before @OnClose, and the connection is restored': async ({ ws }) => {
      const { log, close } = await lost(`${ws}/reset`)
      assert.deepEqual(log.slice(0, 3), ['open', 'ConnectionLostError close', 'close 1006'])
      assert.deepEqual([close.initiator, close.willReconnect], ['network', true])
    },
    'more fragments than maxFragments are answered with 1008': async ({ ws }) => {
      const { error, close } = await lost(`${ws}/fragments`, { maxFragments: 10 })
      assert.ok(error instanceof holdfast.ProtocolViolationError)
      assert.equal(close.sentCode, 1008)
    },
    'a message over maxPayload is answered with 1009': async ({ ws }) => {
      const { error, close } = await lost(`${ws}/too-long`, { maxPayload: 1_000 })
      assert.ok(error instanceof holdfast.ProtocolViolationError)
      assert.equal(close.sentCode, 1009)
    },
    'invalid UTF-8 is answered with 1007': async ({ ws }) => {
      const { error, close } = await lost(`${ws}/no-utf-8`)
      assert.ok(error instanceof holdfast.ProtocolViolationError)
      assert.equal(close.sentCode, 1007)
    },
    'the test kit works in memory and with a real socket': async () => {
      const [server, clock] = [new testing.MemoryServer(), new testing.FakeClock()]
      const client = await bootstrap(witness(), 'ws://peer.test/', { transport: server.connect, clock })
      server.peer.drop()
      await clock.advance(1_000)
      assert.equal(client.instance.opens.length, 2)
      await client.close()
      const real = await testing.startTestServer(({ socket }) => socket.send('{"type":"hello"}'))
      const other = await connect(real.url)
      await until(() => other.instance.messages.length === 1)
      await other.close()
      await real.close()
    },
  }
}

async function runCase(run, peer) {
  let timer
  const timeout = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`timed out after ${LIMIT} ms`)), LIMIT)
  })
  try {
    await Promise.race([run(peer), timeout])
  } finally {
    clearTimeout(timer)
  }
}

/** Runs all cases, and those in `more`. The caller passes the modules, so that they come from the packed package. */
export async function integrate(holdfast, testing, more = {}) {
  const peer = await startServer()
  const counts = { passed: 0, failed: 0 }
  for (const [title, run] of Object.entries({ ...casesOf(holdfast, testing), ...more })) {
    try {
      await runCase(run, peer)
      counts.passed += 1
      console.log(`ok ${title}`)
    } catch (error) {
      counts.failed += 1
      console.log(`not ok ${title}`)
      console.log(error)
    }
  }
  peer.server.stdin.end()
  console.log(`${counts.passed} passed, ${counts.failed} failed, 0 skipped`)
  if (counts.failed > 0) process.exit(1)
}
