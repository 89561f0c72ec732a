import { expect } from 'chai'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startTestServer } from 'holdfast/testing'
import { CommandWorld } from '../support/command-host.js'
import { runHoldfast } from '../support/command-line.js'

/** Two links and a failed attempt. The second link ends with an error code. */
const RECORDING = [
  { t: 0, d: 'open', link: 1, url: 'wss://feed.example.com/' },
  { t: 0.1, d: 'recv', link: 1, text: 'one' },
  { t: 0.2, d: 'close', link: 1, code: 1006 },
  { t: 0.3, d: 'fail', attempt: 1, error: 'refused' },
  { t: 0.4, d: 'open', link: 2, url: 'wss://feed.example.com/' },
  { t: 0.5, d: 'recv', link: 2, b64: 'AP8=' },
  { t: 0.6, d: 'close', link: 2, code: 4001, reason: 'expired' },
]

describe('Recordings', () => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-'))
  const path = join(folder, 'feed.jsonl')
  after(() => rmSync(folder, { recursive: true }))

  function write(events: readonly object[]): void {
    writeFileSync(path, events.map((event) => `${JSON.stringify(event)}\n`).join(''))
  }

  it('writes the traffic of all links to a file that only the user can read', async () => {
    await using server = await startTestServer(({ socket }) => {
      socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }))
    })
    const world = new CommandWorld()
    const ended = world.run(['--record', path, '--reconnect', '-x', 'hi', `${server.url}/?token=secret`])
    await world.until('hi')
    server.connections[0]?.socket.terminate()
    await world.until('hi\nhi')
    world.signal(143)
    await ended
    const text = readFileSync(path, 'utf8')
    const events = text
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { d: string }).d)
    expect(events).to.deep.equal(['open', 'send', 'recv', 'close', 'open', 'send', 'recv', 'close'])
    expect(text).to.not.include('secret')
    expect(statSync(path).mode & 0o777).to.equal(0o600)
  })

  it('reports a disk that is full, and ends with 2', async function () {
    // Only Linux has this device, which fails as a full disk does.
    if (!existsSync('/dev/full')) this.skip()
    await using server = await startTestServer()
    const world = new CommandWorld()
    expect(await world.run(['--record', '/dev/full', '-x', 'hi', '--wait', '0', server.url])).to.equal(2)
    expect(world.stderr).to.match(/holdfast: --record: ENOSPC: .*[.] The recording is incomplete\n/)
  })

  it('plays a recording back with all its links, and ends as it did', async () => {
    write(RECORDING)
    const world = new CommandWorld()
    expect(await world.run(['--replay', path])).to.equal(3)
    expect(world.stdout).to.equal('one\n00ff\n')
    expect(world.stderr).to.include('Reconnected').and.include('with 4001 "expired"')
  })

  it('ends after the last message if the recording does not contain the end', async () => {
    write(RECORDING.slice(0, 2))
    const world = new CommandWorld()
    expect(await world.run(['--replay', path, 'ws://127.0.0.1:1'])).to.equal(0)
    expect(world.stdout).to.equal('one\n')
  })

  it('reports a file that is not a recording, and one that cannot be written', async () => {
    writeFileSync(path, 'hello\n')
    const world = new CommandWorld()
    const code = await world.run(['--replay', path, '--record', join(folder, 'none', 'file')])
    expect(code).to.equal(2)
    expect(world.stderr).to.match(
      /^holdfast: --record: ENOENT.*\nholdfast: --replay: Line 1 of the recording is invalid/,
    )
  })

  it('plays back what the command has recorded', async () => {
    await using server = await startTestServer(({ socket }) => {
      socket.send('text')
      socket.send(Uint8Array.of(1, 2))
      socket.close(1001)
    })
    const first = await runHoldfast(['--record', path, server.url])
    const second = await runHoldfast(['--replay', path])
    expect(first.stdout).to.equal('text\n0102\n')
    expect(second).to.deep.equal(first)
  })
})
