import { expect } from 'chai'
import { startTestServer } from 'holdfast/testing'
import type { TestServer } from 'holdfast/testing'
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { run } from '../support/project.js'

const MAIN = fileURLToPath(new URL('../../example-app/main.js', import.meta.url))

/** A process whose output lines are all recorded. */
class Run {
  readonly lines: string[] = []
  readonly child: ChildProcess
  /** Resolves with the exit code, or with the signal that ended the process. */
  readonly ended: Promise<number | string>
  readonly #waiting = new Set<() => void>()

  constructor(args: readonly string[]) {
    this.child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    for (const stream of [this.child.stdout, this.child.stderr]) {
      if (!stream) continue
      createInterface(stream).on('line', (line) => {
        this.lines.push(line)
        for (const look of this.#waiting) look()
      })
    }
    this.ended = once(this.child, 'close').then(([code, signal]) => (code ?? signal) as number | string)
    runs.push(this)
  }

  /** Waits for the nth matching line, counted from 1, until the test times out. */
  async line(pattern: RegExp, nth = 1): Promise<string> {
    const seen = new Promise<string>((resolve) => {
      const look = (): void => {
        const found = this.matching(pattern)[nth - 1]
        if (found === undefined) return
        this.#waiting.delete(look)
        resolve(found)
      }
      this.#waiting.add(look)
      look()
    })
    const ended = this.ended.then((how) => {
      throw new Error(`The process ended with ${how} before it wrote ${pattern}:\n${this.lines.join('\n')}`)
    })
    return Promise.race([seen, ended])
  }

  matching(pattern: RegExp): string[] {
    return this.lines.filter((line) => pattern.test(line))
  }

  /** Returns the index of the first matching line after `from`; throws if there is none. */
  indexOf(pattern: RegExp, from = 0): number {
    const index = this.lines.findIndex((line, at) => at > from && pattern.test(line))
    if (index < 0) throw new Error(`No line after ${from} matches ${pattern}:\n${this.lines.join('\n')}`)
    return index
  }

  /** IDs of the processes that it has watched. */
  get watched(): number[] {
    return this.matching(/watching/).map((line) => Number(/\[(\d+)\]$/.exec(line)?.[1]))
  }
}

const runs: Run[] = []

function startExample(...args: string[]): Run {
  return new Run([MAIN, ...args])
}

/** Starts an inspector that gives the same answer to every command and reports one context. */
function startInspector(answer: object): Promise<TestServer> {
  return startTestServer(({ socket }) => {
    socket.on('message', (data: Buffer) => {
      const { id, method } = JSON.parse(data.toString()) as { id: number; method: string }
      socket.send(JSON.stringify({ id, ...answer }))
      if (method !== 'Runtime.enable') return
      const context = { id: 1, name: 'node[1]', auxData: { isDefault: true } }
      socket.send(JSON.stringify({ method: 'Runtime.executionContextCreated', params: { context } }))
    })
  })
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

describe('example-app', function () {
  this.timeout(30_000)
  let timed: Run

  // This takes six seconds, during which the tests that do not need it run.
  before(() => {
    timed = startExample('--for', '6s', '--restart', '2s')
  })

  after(() => {
    for (const { child } of runs) child.kill('SIGKILL')
  })

  describe('Ctrl+C', () => {
    it('closes gracefully and stops the workload', async () => {
      const run = startExample()
      await Promise.all([run.line(/\[inspector\] .*heap/), run.line(/\[market\] .*subscribed/)])
      run.child.kill('SIGINT')
      expect(await run.ended).to.equal('SIGINT')
      expect(run.matching(/closed by this app \(code 1001\)/)).to.have.length(2)
      expect(run.matching(/\[app\] .*ended after/)).to.have.length(1)
      expect(run.watched).to.have.length(1)
      expect(run.watched.filter(isAlive)).to.deep.equal([])
    })
  })

  describe('attaching', () => {
    it('finds the new URL if the process has restarted, and does not start a workload', async () => {
      const other = new Run([
        '--inspect=127.0.0.1:0',
        '-e',
        'setInterval(() => console.log("hello", 7), 100)',
      ])
      const listening = await other.line(/Debugger listening/)
      const { host } = new URL(/ws:\S+/.exec(listening)?.[0] ?? '')
      const run = startExample(`ws://${host}/of-an-earlier-start`, '--restart', '1s')
      await run.line(/rejected the handshake with HTTP 400/)
      await run.line(/\[inspector\] .*console\.log: hello 7/)
      await run.line(/\[inspector\] .*heap/, 3)
      run.child.kill('SIGINT')
      await run.ended
      expect(run.watched).to.deep.equal([other.child.pid])
      expect(run.matching(/restarting/)).to.deep.equal([])
      expect(other.child.exitCode).to.equal(null)
    })

    it('disconnects from a process that is about to exit, so that the process can exit', async () => {
      const script = `
        const alive = setInterval(() => {}, 1_000)
        process.once('SIGTERM', () => {
          console.log('last words')
          clearInterval(alive)
        })`
      const other = new Run(['--inspect=127.0.0.1:0', '-e', script])
      const listening = await other.line(/Debugger listening/)
      const run = startExample(/ws:\S+/.exec(listening)?.[0] ?? '')
      await run.line(/\[inspector\] .*heap/)
      other.child.kill('SIGTERM')
      await run.line(/console\.log: last words/)
      expect(await other.ended).to.equal(0)
      await run.line(/no inspector is listening/)
      run.child.kill('SIGINT')
      await run.ended
    })

    it('requests the heap usage once, and then with each heartbeat, always with the next ID', async () => {
      await using server = await startInspector({ result: { usedSize: 2e6, totalSize: 4e6 } })
      const run = startExample(`${server.url}/target`)
      await run.line(/\[inspector\] .*heap 2\.0 MB of 4\.0 MB \(\+0\.0 MB\)/)
      run.child.kill('SIGINT')
      await run.ended
      const received = server.connections[0]?.received.map((text) => JSON.parse(String(text)) as unknown)
      expect(received?.slice(0, 5)).to.deep.equal([
        { id: 1, method: 'Runtime.enable' },
        { id: 2, method: 'HeapProfiler.enable' },
        { id: 3, method: 'HeapProfiler.collectGarbage' },
        { id: 4, method: 'Runtime.getHeapUsage' },
        { id: 5, method: 'Runtime.getHeapUsage' },
      ])
    })

    it('reports a command that the inspector refuses', async () => {
      await using server = await startInspector({ error: { code: -32_601, message: 'not here' } })
      const run = startExample(`${server.url}/target`)
      await run.line(
        /\[inspector\] .*open error: Request 1 \(.*\) of .* failed: the server replied -32601 not here/,
      )
      run.child.kill('SIGINT')
      await run.ended
    })
  })

  describe('--market', () => {
    it('follows the given feed, and resubscribes after each reconnect', async () => {
      await using server = await startTestServer(({ socket }) => {
        socket.once('message', () => {
          socket.send('{"type":"subscriptions","channels":[{"name":"ticker","product_ids":["BTC-USD"]}]}')
          socket.send('{"type":"ticker","product_id":"BTC-USD","price":"123.45"}')
          socket.send('{"type":"heartbeat","product_id":"BTC-USD","sequence":1}')
        })
      })
      const run = startExample('--market', server.url)
      await run.line(/\[market\] .*BTC-USD 123\.45/)
      server.connections[0]?.socket.terminate()
      await run.line(/\[market\] .*BTC-USD 123\.45/, 2)
      run.child.kill('SIGINT')
      await run.ended
      const subscribe =
        '{"type":"subscribe","product_ids":["BTC-USD","ETH-USD"],"channels":["ticker","heartbeat"]}'
      expect(server.connections.map(({ received }) => received)).to.deep.equal([[subscribe], [subscribe]])
    })

    it('reports a refused subscription and other errors from the server', async () => {
      await using server = await startTestServer(({ socket }) => {
        socket.once('message', () => {
          socket.send('{"type":"error","message":"Failed to subscribe","reason":"BTC-USD is closed"}')
          socket.send('{"type":"error","message":"Too many messages"}')
        })
      })
      const run = startExample('--market', server.url)
      await run.line(
        /\[market\] .*Server rejected subscription "prices": Failed to subscribe, BTC-USD is closed/,
      )
      await run.line(/\[market\] .*error from the server: Too many messages$/)
      run.child.kill('SIGINT')
      await run.ended
      expect(run.matching(/subscribed to/)).to.be.empty
    })
  })

  describe('the command line', () => {
    it('is `npm start`, which announces the build before its other output', async () => {
      const { code, output } = await run('npm', ['start', '--silent', '--', '--help'])
      expect(code, output).to.equal(0)
      expect(output.split('\n')[0]).to.match(/^Building the example app\./)
      expect(output).to.contain('--for 10s')
    })

    it('offers the live page, and serves it with --page', async () => {
      const run = startExample('--page')
      const line = await run.line(/http:\/\/127\.0\.0\.1:\d+\/$/)
      await Promise.all([run.line(/\[inspector\] .*heap/), run.line(/\[market\] .*subscribed/)])
      const response = await fetch(new URL('/events', line.trim()))
      const reader = response.body?.getReader()
      const { value } = (await reader?.read()) ?? {}
      run.child.kill('SIGINT')
      await run.ended
      const text = new TextDecoder().decode(value as Uint8Array)
      expect(text).to.contain('"client":"market"').and.to.contain('"client":"inspector"')
      expect(timed.matching(/npm start -- --page$/)).to.have.length(1)
    })

    it('is refused with exit code 2 and the help text if it is invalid', async () => {
      const run = startExample('--for', 'soon')
      expect(await run.ended).to.equal(2)
      expect(run.lines[0]).to.equal("--for expects a time such as 500ms, 10s or 2m, received 'soon'")
      expect(run.lines.join('\n')).to.contain('npm start')
    })
  })

  describe('--for', () => {
    let exit: number | string

    before(async () => {
      exit = await timed.ended
    })

    it('exits on its own with code 0', () => {
      expect(exit).to.equal(0)
    })

    it('first describes what it will show and how to stop it, in lines of at most 80 characters', () => {
      const start = timed.indexOf(/^\[/)
      const introduction = timed.lines.slice(0, start)
      for (const text of ['two WebSocket connections', 'after 2 s', 'ends after 6 s', 'press Ctrl+C'])
        expect(introduction.join('\n')).to.contain(text)
      expect(introduction.join('\n')).not.to.contain('after 7 s')
      expect(introduction.filter((line) => line.length > 80)).to.deep.equal([])
    })

    it('shows the heap about once a second', () => {
      expect(timed.matching(/^\[inspector\] .*heap \d+\.\d MB of \d+\.\d MB/)).to.have.length.within(4, 9)
    })

    it('shows the garbage collections that the workload reports', () => {
      expect(timed.matching(/^\[inspector\] .*gc .*\d+ × mark-sweep \(\d+\.\d ms\)/)).to.not.be.empty
    })

    it("shows the workload's console output", () => {
      expect(timed.matching(/^\[inspector\] .*console\.log: \d+ orders received/)).to.not.be.empty
    })

    it('shows that the connection waits, reconnects, and continues when the workload restarts', () => {
      const restart = timed.indexOf(/^\[app\] .*restarting the sample process/)
      const waiting = timed.indexOf(/^\[inspector\] .*retrying in 0\.5 s$/, restart)
      const connecting = timed.indexOf(/^\[inspector\] .*connecting$/, waiting)
      const open = timed.indexOf(/^\[inspector\] .*connection 2 is ready/, connecting)
      expect(timed.indexOf(/^\[inspector\] .*heap/, open)).to.be.above(open)
      const [first, second] = timed.watched
      expect(timed.watched).to.have.length(2)
      expect(first).to.not.equal(second)
    })

    it('shows market prices', () => {
      expect(timed.matching(/^\[market\] .*subscribed to ticker and heartbeat/)).to.have.length(1)
      expect(timed.matching(/^\[market\] .*(BTC|ETH)-USD \d+\.\d\d [▲▼=]/)).to.have.length.within(3, 6)
    })

    it('closes both connections, and ends by showing totals', () => {
      expect(timed.matching(/closed by this app \(code 1000\)/)).to.have.length(2)
      const last = timed.lines.slice(-3).join('\n')
      expect(last).to.match(/^\[app\] .*ended after 6\.\d s\n/)
      expect(last).to.match(/\[app\] .*inspector: \d+ messages, 1 reconnect\b/)
    })

    it('stops the workload', () => {
      expect(timed.watched.filter(isAlive)).to.deep.equal([])
    })
  })
})
