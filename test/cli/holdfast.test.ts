import { expect } from 'chai'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo, Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startTestServer } from 'holdfast/testing'
import type { TestServer, SocketPeer } from 'holdfast/testing'
import { runHoldfast, startHoldfast } from '../support/command-line.js'
import { eventually } from '../support/eventually.js'
import { readPackageJson } from '../support/project.js'

/** A server that answers by path: `/4001` closes with that code, `/401` rejects, `/lost` ends the socket, and the rest is an echo. */
function onConnection({ socket, request }: SocketPeer): void {
  const [, path = ''] = (request.url ?? '').split('/')
  if (/^\d{4}$/.test(path)) socket.close(Number(path), 'bye\x1b[2J')
  else if (path === 'lost') request.socket.destroy()
  else if (path === 'greeting') socket.send('{ "hello": "world" }')
  else if (path !== 'silent')
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }))
}

describe('holdfast', function () {
  this.timeout(60_000)
  let server: TestServer
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-'))

  beforeEach(async () => {
    server = await startTestServer(onConnection, {
      verifyClient: ({ req }, done) => {
        const isRefused = req.url === '/401'
        done(!isRefused, 401, '<h1>no</h1>\n\x1b[2Jbody', { 'X-Hint': 'log in' })
      },
      handleProtocols: (offered) => [...offered].at(-1) ?? false,
    })
  })
  afterEach(() => server.close())
  after(() => rmSync(folder, { recursive: true }))

  describe('in a pipe', () => {
    it('sends each line once the connection is ready, and prints the replies and nothing else on stdout', async () => {
      const { code, stdout, stderr } = await runHoldfast(['--count', '2', server.url], {
        input: 'one\n{ "a": 2 }',
      })
      expect(stdout).to.equal('one\n{"a":2}\n')
      expect(stderr).to.equal('Connected\nClosed with 1000\n')
      expect(code).to.equal(0)
    })

    it('waits for replies after the input has ended: for one second, or for --wait', async () => {
      const { code, stdout } = await runHoldfast([server.url], { input: 'one\n' })
      expect([code, stdout]).to.deep.equal([0, 'one\n'])
      const waiting = startHoldfast(['--wait', '10m', server.url])
      waiting.end('two\n')
      await waiting.until('two')
      server.connections[1]?.socket.send('later')
      await waiting.until('later')
      waiting.kill('SIGTERM')
      await waiting.result()
    })

    it('ends at --count messages, and prints none after the last', async () => {
      const { stdout } = await runHoldfast(['-n', '2', '-w', '10m', server.url], { input: 'a\nb\nc\nd\n' })
      expect(stdout).to.equal('a\nb\n')
    })

    it('reads the input while the connection lasts', async () => {
      const command = startHoldfast([server.url])
      command.write('one\n')
      await command.until('one')
      command.write('two\n')
      await command.until('two')
      command.end()
      expect((await command.result()).code).to.equal(0)
    })

    it('ends quietly when the reader of its output has gone', async () => {
      const command = startHoldfast([server.url])
      command.write('one\n')
      await command.until('one')
      command.stopReading()
      command.write('two\nthree\n')
      expect(await command.result()).to.deep.include({ code: 0, stderr: 'Connected\nClosed with 1001\n' })
    })

    it('prints messages unchanged with --raw, and separates them with NUL with -0', async () => {
      const text = '{ "a" : "\x1b" }'
      expect((await runHoldfast(['--raw', '-n1', '-x', text, server.url])).stdout).to.equal(`${text}\n`)
      expect((await runHoldfast(['-0', '-n2', '-x', 'a\nb', '-x', 'c', server.url])).stdout).to.equal(
        'a\nb\0c\0',
      )
    })

    it('prints the time of arrival with --timestamps', async () => {
      const { stdout } = await runHoldfast(['-t', '-n1', '-x', 'hi', server.url])
      expect(stdout).to.match(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[.]\d{3}Z hi\n$/)
    })

    it('colors its output only with --color or FORCE_COLOR', async () => {
      const args = ['-n1', '-x', '[1]', server.url]
      const colored = '[\x1b[33m1\x1b[39m]\n'
      expect((await runHoldfast(['--color', ...args])).stdout).to.equal(colored)
      expect((await runHoldfast(args, { env: { FORCE_COLOR: '1' } })).stdout).to.equal(colored)
      expect((await runHoldfast(['--no-color', ...args], { env: { FORCE_COLOR: '1' } })).stdout).to.equal(
        '[1]\n',
      )
    })
  })

  describe('binary messages', () => {
    it('sends lines as binary frames with --binary, and prints received ones as hex', async () => {
      const { stdout } = await runHoldfast(['--binary', '-n1', server.url], { input: 'hi\n' })
      expect(stdout).to.equal('6869\n')
      expect(server.connections[0]?.received).to.deep.equal([Buffer.from('hi')])
    })

    it('reads and prints hex with --hex, and base64 with --base64', async () => {
      expect((await runHoldfast(['--hex', '-n1', server.url], { input: '00 FF\n' })).stdout).to.equal(
        '00ff\n',
      )
      expect((await runHoldfast(['--base64', '-n1', server.url], { input: 'AP8=\n' })).stdout).to.equal(
        'AP8=\n',
      )
    })

    it('sends a file as one message', async () => {
      const path = join(folder, 'bytes')
      writeFileSync(path, Uint8Array.of(10, 13, 0, 255))
      const { stdout } = await runHoldfast(['--file', path, '-n1', '--pretty', server.url])
      expect(stdout).to.equal(
        'binary, 4 bytes\n00000000  0a 0d 00 ff                                       |....|\n',
      )
    })

    it('reports a line that is not hex, and exits with 2', async () => {
      const { code, stderr } = await runHoldfast(['--hex', server.url], { input: '00\nxyz\n' })
      expect(code).to.equal(2)
      expect(stderr).to.include(
        'holdfast: Failed to read the input: line 2: expected hex, received other characters\n',
      )
    })
  })

  describe('-x', () => {
    it('sends its messages after every connect, in order, and stays connected', async () => {
      const command = startHoldfast(['-x', 'login', '-x', 'subscribe', '--reconnect', server.url])
      command.end()
      await command.until('login\nsubscribe\n')
      server.connections[0]?.socket.terminate()
      await server.connection(2)
      await eventually('both are sent again', () => server.connections[1]?.received.length === 2)
      expect(server.connections[1]?.received).to.deep.equal(['login', 'subscribe'])
      await command.until('Reconnected')
      command.kill('SIGTERM')
      expect((await command.result()).code).to.equal(143)
    })

    it('ends after --wait, even if the input stays open', async () => {
      const command = startHoldfast(['-x', 'hi', '--wait', '500ms', server.url])
      expect(await command.result()).to.deep.include({ code: 0, stdout: 'hi\n' })
    })
  })

  describe('headers', () => {
    it('sends headers, subprotocols, and Basic credentials', async () => {
      const path = join(folder, 'headers')
      writeFileSync(path, '# secret\nX-File: f\n')
      const env = { HOLDFAST_HEADER_X_API_KEY: 'k', TOKEN: 't' }
      const args = ['-H', 'X-Line: l', '-H', `@${path}`, '--header-env', 'X-Env=TOKEN', '--user', 'u:p']
      const { stderr } = await runHoldfast([...args, '-s', 'v1', '-s', 'v2', '-w0', server.url], { env })
      const { headers } = server.connections[0]!.request
      expect(headers).to.deep.include({
        'x-line': 'l',
        'x-file': 'f',
        'x-env': 't',
        'x-api-key': 'k',
        authorization: 'Basic dTpw',
      })
      expect(headers['sec-websocket-protocol']).to.match(/^v1, ?v2$/)
      expect(stderr).to.include('Connected (subprotocol v2)\n')
    })

    it('runs --token-command before every attempt', async () => {
      const counter = join(folder, 'counter')
      const script = `echo x >> ${counter}; grep -c x ${counter}`
      const command = startHoldfast(['--reconnect', '--token-command', script, server.url])
      const first = await server.connection(1)
      first.socket.terminate()
      const second = await server.connection(2)
      expect([first, second].map(({ request }) => request.headers.authorization)).to.deep.equal([
        'Bearer 1',
        'Bearer 2',
      ])
      command.kill('SIGINT')
      expect((await command.result()).code).to.equal(130)
    })

    it('exits with 1 if --token-command fails, and does not print its output', async () => {
      const { code, stderr } = await runHoldfast(['--token-command', 'echo secret; exit 9', server.url])
      expect(code).to.equal(1)
      expect(stderr).to.include('--token-command failed with exit code 9').and.not.include('secret')
    })

    it('never prints the value of a header that is invalid', async () => {
      const { code, stderr } = await runHoldfast(['-H', 'X: secret\nX', server.url])
      expect(code).to.equal(2)
      expect(stderr)
        .to.match(/^holdfast: headers/)
        .and.not.include('secret')
    })
  })

  describe('heartbeats', () => {
    it('sends --heartbeat-message instead of pings', async () => {
      const command = startHoldfast(['--heartbeat', '50ms', '--heartbeat-message', 'ping', server.url])
      await command.until('ping\n')
      command.kill('SIGTERM')
      await command.result()
      expect(server.connections[0]?.received[0]).to.equal('ping')
    })

    it('shows pings and pongs with --verbose', async () => {
      const command = startHoldfast(['-v', '--heartbeat', '50ms', server.url])
      await command.until('Pong received')
      server.connections[0]?.socket.ping('abc')
      await command.until('Ping received (3 bytes)')
      command.kill('SIGTERM')
      await command.result()
    })
  })

  describe('exit codes', () => {
    it('is 0 if the server closes with 1000 or 1001', async () => {
      for (const code of [1000, 1001]) expect((await runHoldfast([`${server.url}/${code}`])).code).to.equal(0)
    })

    it('is 1 if the server refuses, also after the input has ended', async () => {
      const { code, stdout, stderr } = await runHoldfast([`${server.url}/401`], { input: 'hi\n' })
      expect([code, stdout]).to.deep.equal([1, ''])
      expect(stderr).to.match(
        /^holdfast: Server rejected the handshake with HTTP 401 Unauthorized: [^\n]*\n$/,
      )
    })

    it('shows the headers and the body of a rejection with --verbose, escaped', async () => {
      const { stderr } = await runHoldfast(['-v', `${server.url}/401`])
      expect(stderr).to.include('< x-hint: log in\n').and.include('| <h1>no</h1>\n| \\u001b[2Jbody\n')
    })

    it('is 1 if nothing listens', async () => {
      const closed = await unusedPort()
      const { code, stderr } = await runHoldfast([`ws://127.0.0.1:${closed}`])
      expect(code).to.equal(1)
      expect(stderr).to.match(/^holdfast: Failed to connect to .*ECONNREFUSED[^\n]*\n$/)
    })

    it('is 2 for wrong usage, with every mistake on a line', async () => {
      const { code, stdout, stderr } = await runHoldfast(['--nope', 'localhost:80'])
      expect([code, stdout]).to.deep.equal([2, ''])
      expect(stderr).to.equal(
        [
          'holdfast: Unknown option --nope',
          "holdfast: The URL 'localhost:80' has no scheme. Fix: include the scheme: ws://localhost:80",
          'Run holdfast --help for all options\n',
        ].join('\n'),
      )
    })

    it('is 2 if a file or a variable is missing', async () => {
      const args = ['--header-env', 'A=HOLDFAST_MISSING', '-H', '@none', '--ca', 'none', '--file', 'none']
      const { code, stderr } = await runHoldfast([...args, server.url])
      expect(code).to.equal(2)
      expect(stderr.trimEnd().split('\n')).to.have.length(4)
    })

    it('is 3 if the server closes with an error code, which is explained, and its reason escaped', async () => {
      const { code, stderr } = await runHoldfast([`${server.url}/4001`])
      expect(code).to.equal(3)
      expect(stderr).to.equal(
        `Connected\nClosed by the server with 4001 "bye\\u001b[2J" (code of this API: see the API's documentation)\n`,
      )
    })

    it('is 3 if the connection is lost', async () => {
      const { code, stderr } = await runHoldfast([`${server.url}/lost`])
      expect(code).to.equal(3)
      expect(stderr).to.match(/\nConnection lost /)
    })

    it('is 4 if fewer messages than --count have arrived after --wait', async () => {
      const { code, stderr } = await runHoldfast(['-n', '2', '-w', '200ms', `${server.url}/greeting`])
      expect(code).to.equal(4)
      expect(stderr).to.match(/\nholdfast: Received 1 of 2 messages within 200 ms \(--count\)\n$/)
    })

    it('is 130 after SIGINT and 143 after SIGTERM, with a close frame', async () => {
      for (const [signal, exit] of [
        ['SIGINT', 130],
        ['SIGTERM', 143],
      ] as const) {
        const command = startHoldfast([`${server.url}/greeting`])
        await command.until('hello')
        const { socket } = server.connections.at(-1)!
        const closed = new Promise((resolve) => socket.once('close', resolve))
        command.kill(signal)
        expect((await command.result()).code).to.equal(exit)
        expect(await closed).to.equal(1001)
      }
    })

    it('is 130 after SIGINT while connecting', async () => {
      const silent = await listen()
      const command = startHoldfast(['-v', `ws://127.0.0.1:${(silent.address() as AddressInfo).port}`])
      await command.until('Connecting')
      command.kill('SIGINT')
      const { code } = await command.result()
      silent.close()
      expect(code).to.equal(130)
    })
  })

  it('prints its version, and its options', async () => {
    const { version } = readPackageJson() as unknown as { version: string }
    expect(await runHoldfast(['--version'])).to.deep.equal({ code: 0, stdout: `${version}\n`, stderr: '' })
    const { code, stdout } = await runHoldfast(['--help'])
    expect(code).to.equal(0)
    expect(stdout).to.match(/^Usage: holdfast \[options\] <url>\n/)
  })

  it('reports only errors with --quiet', async () => {
    expect((await runHoldfast(['-q', '-n1', '-x', 'hi', server.url])).stderr).to.equal('')
    expect((await runHoldfast(['-q', `${server.url}/401`])).stderr).to.match(/^holdfast: Server rejected/)
  })
})

/** Starts a server that accepts connections and never answers. */
async function listen(): Promise<Server> {
  const server = createServer((socket) =>
    socket
      .on('error', () => undefined)
      .on('end', () => socket.end())
      .resume(),
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return server
}

async function unusedPort(): Promise<number> {
  const server = await listen()
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
