import { expect } from 'chai'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startTestServer } from 'holdfast/testing'
import type { TestServer } from 'holdfast/testing'
import { HOLDFAST, startInTerminal } from '../support/command-line.js'
import type { RunningCommand } from '../support/command-line.js'
import { eventually } from '../support/eventually.js'

const CTRL_C = '\x03'
const CTRL_D = '\x04'
const ENTER = '\r'
const UP = '\x1b[A'
const HOME_KEY = '\x1b[H'

describe('holdfast in a terminal', function () {
  this.timeout(60_000)
  let server: TestServer
  let home: string
  let command: RunningCommand

  before(function () {
    const { error } = spawnSync('python3', ['--version'])
    if (!error) return
    process.stderr.write('skipped: python3, which opens the pseudo-terminal, is not installed\n')
    this.skip()
  })

  beforeEach(async () => {
    home = mkdtempSync(join(tmpdir(), 'holdfast-'))
    server = await startTestServer(({ socket }) => {
      socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }))
    })
  })
  afterEach(async () => {
    await server.close()
    rmSync(home, { recursive: true })
  })

  /** Starts the command, and waits for its prompt. */
  async function start(
    args: readonly string[] = [],
    env: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    command = startInTerminal([...args, server.url], { HOME: home, ...env })
    await command.until('> ')
  }

  /** Types a line, and waits until the server has received a number of messages. */
  async function send(text: string, received: number): Promise<void> {
    command.write(text + ENTER)
    await eventually(`the server has received ${received} messages`, () => messages().length === received)
  }

  const messages = (): readonly (string | Uint8Array)[] => server.connections[0]?.received ?? []
  const historyFile = (): string => join(home, '.local', 'state', 'holdfast', 'history')

  it('sends typed lines, and prints JSON on several lines, with colors', async () => {
    await start()
    await send('{"a":1}', 1)
    await command.until('{\r\n  \x1b[34m"a"\x1b[39m: \x1b[33m1\x1b[39m\r\n}\r\n')
    command.write(CTRL_D)
    expect((await command.result()).code).to.equal(0)
  })

  it('honors NO_COLOR', async () => {
    await start([], { NO_COLOR: '1' })
    await send('{"a":1}', 1)
    await command.until('{\r\n  "a": 1\r\n}\r\n')
    command.write(CTRL_D)
    const { stdout } = await command.result()
    for (const color of ['\x1b[34m', '\x1b[33m', '\x1b[2m']) expect(stdout).to.not.include(color)
  })

  it('prints messages above the line that is being typed, which stays', async () => {
    await start()
    command.write('half')
    await command.until('half')
    server.connections[0]?.socket.send('arrived')
    await command.until('arrived\r\n\x1b[1G\x1b[0J> half')
    command.write(CTRL_C)
    expect((await command.result()).code).to.equal(130)
  })

  it('keeps typed text of several rows below a message', async () => {
    await start()
    const long = 'x'.repeat(100)
    command.write(long)
    await command.until('x'.repeat(10))
    await eventually('everything is shown', () => (command.stdout.match(/x/g) ?? []).length >= 100)
    server.connections[0]?.socket.send('arrived')
    // Up to the first row, which is then cleared. The typed text gets as many rows as before, so that it does not cover the message.
    await command.until('\x1b[1A\x1b[1G\x1b[0Jarrived\r\n\r\n')
    await send('', 1)
    expect(messages()).to.deep.equal([long])
    command.write(CTRL_D)
    await command.result()
  })

  it('joins the lines of JSON, also when they are pasted', async () => {
    await start()
    await send(`{${ENTER}  "a": [${ENTER}1]${ENTER}}`, 1)
    expect(messages()).to.deep.equal(['{\n  "a": [\n1]\n}'])
    await command.until('… ')
    command.write(`{"b":${ENTER}`)
    await send('', 2)
    expect(messages()[1]).to.equal('{"b":')
    command.write(CTRL_D)
    await command.result()
  })

  it('discards incomplete JSON at Ctrl+C, and ends at the next one', async () => {
    await start()
    command.write(`{"a":${ENTER}`)
    await command.until('… ')
    command.write(CTRL_C)
    await send('hi', 1)
    expect(messages()).to.deep.equal(['hi'])
    command.write(CTRL_C)
    expect((await command.result()).code).to.equal(130)
  })

  it('lets the user edit a line, and recalls lines of this session and of earlier ones', async () => {
    await start()
    // Key by key, because readline inserts the text of one chunk at one place.
    command.write('bc')
    await command.until('bc')
    command.write(HOME_KEY)
    await command.until('\x1b[2D')
    command.write('a')
    await command.until('> abc')
    await send('', 1)
    command.write(CTRL_D)
    await command.result()
    expect(messages()).to.deep.equal(['abc'])
    expect(readFileSync(historyFile(), 'utf8')).to.equal('abc\n')

    command = startInTerminal([server.url], { HOME: home })
    const second = await server.connection(2)
    await command.until('> ')
    command.write(UP + ENTER)
    await eventually('the line is sent again', () => second.received.length === 1)
    expect(second.received).to.deep.equal(['abc'])
    command.write(`new${ENTER}`)
    await eventually('a new line is sent', () => second.received.length === 2)
    command.write(UP + UP + ENTER)
    await eventually('the older line is sent', () => second.received.length === 3)
    expect(second.received[2]).to.equal('abc')
    command.write(CTRL_D)
    await command.result()
  })

  it('recalls JSON of several lines as one line', async () => {
    await start()
    await send(`{${ENTER}"a":1}`, 1)
    await send(UP, 2)
    expect(messages()[1]).to.equal('{ "a":1}')
    command.write(CTRL_D)
    await command.result()
  })

  it('writes no history with --no-history', async () => {
    await start(['--no-history'])
    await send('secret', 1)
    command.write(CTRL_D)
    await command.result()
    expect(existsSync(historyFile())).to.equal(false)
  })

  it('runs slash commands, and sends a text with two slashes', async () => {
    await start()
    command.write(`/help${ENTER}`)
    await command.until('/close [code] [reason]')
    command.write(`/ping${ENTER}`)
    await command.until('Pong after ')
    command.write(`/state${ENTER}`)
    await command.until('open, connection 1')
    command.write(`/nick${ENTER}`)
    await command.until('Unknown command /nick')
    await send('//nick', 1)
    expect(messages()).to.deep.equal(['/nick'])
    command.write(`/reconnect${ENTER}`)
    await command.until('Reconnected')
    const { socket } = await server.connection(2)
    const closed = new Promise((resolve) =>
      socket.once('close', (code, reason) => resolve([code, String(reason)])),
    )
    command.write(`/close 99${ENTER}`)
    await command.until('Invalid close code 99')
    command.write(`/close 4001 good bye${ENTER}`)
    expect((await command.result()).code).to.equal(0)
    expect(await closed).to.deep.equal([4001, 'good bye'])
  })

  it("escapes a peer's control characters", async () => {
    await start()
    const mark = '\x1b]0;title\x07\x1b[2J\x9b31m\u202e'
    server.connections[0]?.socket.send(`text ${mark}\nnext`)
    server.connections[0]?.socket.send(JSON.stringify({ json: mark }))
    server.connections[0]?.socket.close(4000, mark)
    const { code, stdout } = await command.result()
    expect(code).to.equal(3)
    const shown = '\\u001b]0;title\\u0007\\u001b[2J\\u009b31m\\u202e'
    expect(stdout).to.include(`text ${shown}\r\n  next`).and.include(`with 4000 "${shown}"`)
    for (const sequence of ['\x07', '\x9b', '\u202e', '\x1b]', '\x1b[2J'])
      expect(stdout).to.not.include(sequence)
  })

  it('writes the prompt to standard error, so that messages can be piped', async () => {
    const file = join(home, 'messages')
    const program = ['sh', '-c', `"$0" "$@" > ${file}`, process.execPath, HOLDFAST]
    command = startInTerminal([server.url], { HOME: home }, program)
    await command.until('> ')
    await send('{ "a": 1 }', 1)
    await eventually('the message is in the file', () => readFileSync(file, 'utf8') !== '')
    command.write(CTRL_D)
    await command.result()
    expect(readFileSync(file, 'utf8')).to.equal('{"a":1}\n')
  })

  it('prints binary messages as a hexdump', async () => {
    await start(['--binary'])
    await send('hi', 1)
    await command.until('|hi|')
    command.write(CTRL_D)
    await command.result()
  })
})
