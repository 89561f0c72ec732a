import { expect } from 'chai'
import { startTestServer } from 'holdfast/testing'
import type { TestServer } from 'holdfast/testing'
import { CommandWorld } from '../support/command-host.js'
import { eventually } from '../support/eventually.js'

describe('Command', () => {
  let server: TestServer
  let world: CommandWorld

  beforeEach(async () => {
    world = new CommandWorld()
    server = await startTestServer(
      ({ socket, request }) => {
        if (request.url === '/4001') socket.close(4001, 'no')
        socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }))
      },
      { verifyClient: ({ req }, done) => done(req.url !== '/401', 401) },
    )
  })
  afterEach(() => server.close())

  it('sends lines, prints replies, and waits after the last line', async () => {
    const ended = world.run(['--wait', '100ms', server.url])
    world.input.end('one\n{ "a": 1 }\n')
    expect(await ended).to.equal(0)
    expect(world.stdout).to.equal('one\n{"a":1}\n')
    expect(world.stderr).to.equal('Connected\nClosed with 1000\n')
  })

  it('prints binary messages, and ends after --count', async () => {
    const ended = world.run(['--hex', '-n1', server.url])
    world.input.write('00ff\n')
    expect(await ended).to.equal(0)
    expect(world.stdout).to.equal('00ff\n')
  })

  it('exits with 2 for a line that cannot be sent', async () => {
    const ended = world.run(['--hex', server.url])
    world.input.write('no\n')
    expect(await ended).to.equal(2)
    expect(world.stderr).to.include('Failed to read the input: line 1: expected hex')
  })

  it('exits with 2 if the input cannot be read', async () => {
    const ended = world.run([server.url])
    await world.until('Connected')
    world.input.destroy(new Error('EISDIR'))
    expect(await ended).to.equal(2)
    expect(world.stderr).to.include('holdfast: Failed to read the input: EISDIR\n')
  })

  it('exits with 4 if --count is not reached', async () => {
    const ended = world.run(['-n1', '-w0', server.url])
    world.input.end()
    expect(await ended).to.equal(4)
    expect(world.stderr).to.include('Received 0 of 1 messages within 0 ms (--count)')
  })

  it('reports the number of messages without --wait, too', async () => {
    const ended = world.run(['-n1', server.url])
    const { socket } = await server.connection(1)
    socket.close(1000)
    expect(await ended).to.equal(4)
    expect(world.stderr).to.include('Received 0 of 1 messages (--count)')
  })

  it('exits with 1 if the server refuses, with 2 for options that cannot be used, and with 3 after an error code', async () => {
    expect(await world.run([`${server.url}/401`])).to.equal(1)
    expect(await new CommandWorld().run(['-H', 'a b: c', server.url])).to.equal(2)
    expect(await new CommandWorld().run(['--ca', 'missing', server.url])).to.equal(2)
    expect(await new CommandWorld().run([`${server.url}/4001`])).to.equal(3)
  })

  it('warns about --insecure', async () => {
    await world.run(['-k', '--ca', 'missing', server.url])
    expect(await new CommandWorld().run(['-k', `${server.url}/401`])).to.equal(1)
    const insecure = new CommandWorld()
    await insecure.run(['-k', `${server.url}/401`])
    expect(insecure.stderr).to.include("Warning: the server's certificate is not verified (--insecure)\n")
  })

  it('closes with 1001 on a signal, and abandons a start', async () => {
    const ended = world.run(['-x', 'hi', server.url])
    await world.until('hi')
    world.signal(143)
    expect(await ended).to.equal(143)

    const refused = new CommandWorld()
    const starting = refused.run(['--reconnect', 'ws://127.0.0.1:1'])
    await refused.until('Next attempt in')
    refused.signal(130)
    expect(await starting).to.equal(130)
  })

  it('ends with 0 when the reader of its output has gone', async () => {
    const ended = world.run(['-x', 'hi', server.url])
    await world.until('hi')
    world.output.destroy(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }))
    expect(await ended).to.equal(0)
  })

  it('ends with 2 when its output cannot be written, and reports why', async () => {
    const ended = world.run(['-x', 'hi', server.url])
    await world.until('hi')
    world.output.destroy(Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' }))
    expect(await ended).to.equal(2)
    expect(world.stderr).to.include('holdfast: Failed to write the output: ENOSPC: no space left on device\n')
  })

  it('connects again with --reconnect, and reports it', async () => {
    const ended = world.run(['--reconnect', '-v', '-x', 'hi', server.url])
    await world.until('hi')
    server.connections[0]?.socket.terminate()
    await world.until('Reconnected')
    expect(world.stderr).to.match(
      /Connection lost [(]1006.*\nNext attempt in .*\nConnecting [(]attempt 2[)]\nReconnected/,
    )
    world.signal(143)
    await ended
  })

  it('reports why an attempt failed before it reports the next one', async () => {
    const ended = world.run(['--reconnect', 'ws://127.0.0.1:1'])
    await world.until('Next attempt in')
    expect(world.stderr).to.match(/^holdfast: Failed to connect .*\nNext attempt in .*\n$/)
    world.signal(143)
    await ended
  })

  it('ends while a line waits for a connection that does not return', async () => {
    const ended = world.run([server.url])
    const { socket } = await server.connection(1)
    socket.close(1000)
    expect(await ended).to.equal(0)
    world.input.write('late\n')
  })

  describe('in a terminal', () => {
    beforeEach(() => {
      world = new CommandWorld(true)
    })

    /** Runs the command, types lines one after the other, each after a text has appeared, and ends with Ctrl+D. */
    async function type(
      args: readonly string[],
      ...steps: readonly (readonly [typed: string, shown: string])[]
    ) {
      const ended = world.run([...args, '--no-history', server.url], { TERM: 'dumb' })
      await world.until('> ')
      for (const [typed, shown] of steps) {
        world.input.write(`${typed}\r`)
        await world.until(shown)
      }
      world.input.write('\x04')
      return ended
    }

    it('sends typed messages', async () => {
      expect(await type([], ['{"a":1}', '{\n  "a": 1\n}\n'])).to.equal(0)
    })

    it('runs commands', async () => {
      const code = await type(
        ['--hex'],
        ['/help', '//text'],
        ['/state', 'open, connection 1'],
        ['/ping', 'Pong after'],
        ['/nope', 'Unknown command /nope'],
        ['xyz', 'expected hex'],
        ['/close 99', 'Invalid close code 99'],
      )
      expect(code).to.equal(0)
    })

    it('reconnects, and closes with a code', async () => {
      const ended = world.run(['--no-history', server.url], { TERM: 'dumb' })
      await world.until('> ')
      world.input.write('/reconnect\r')
      await server.connection(2)
      await world.until('Reconnected')
      const closed = new Promise((resolve) => server.connections[1]?.socket.once('close', resolve))
      world.input.write('/close 4000\r')
      expect(await ended).to.equal(0)
      expect(await closed).to.equal(4000)
    })

    it('quits', async () => {
      const ended = world.run(['--no-history', server.url], { TERM: 'dumb' })
      await world.until('> ')
      world.input.write('/quit\r')
      expect(await ended).to.equal(0)
    })

    it('discards incomplete JSON at Ctrl+C, then ends with 130', async () => {
      const ended = world.run(['--no-history', server.url], { TERM: 'dumb' })
      await world.until('> ')
      world.input.write('{\r')
      await world.until('… ')
      world.input.write('\x03')
      await eventually(
        'the prompt is back',
        () => world.stderr.lastIndexOf('> ') > world.stderr.indexOf('… '),
      )
      world.input.write('\x03')
      expect(await ended).to.equal(130)
    })

    it('reports a ping that cannot be sent', async () => {
      const ended = world.run(['--reconnect', '--no-history', server.url], { TERM: 'dumb' })
      await world.until('> ')
      await server.close()
      await world.until('Next attempt in')
      world.input.write('/ping\r')
      await world.until('Cannot send while the connection is waiting\n')
      world.input.write('/state\r')
      await world.until('attempt ')
      world.input.write('\x04')
      expect(await ended).to.equal(3)
      server = await startTestServer()
    })
  })
})
