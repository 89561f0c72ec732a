import { spawn } from 'node:child_process'
import type { ChildProcessWithoutNullStreams } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { bootstrap, OnMessage } from 'holdfast'
import { MemoryServer, startTestServer } from 'holdfast/testing'
import type { TestServer } from 'holdfast/testing'
import { closeOnSignals } from '#src/app/shutdown-signals.js'
import { eventually } from '../support/eventually.js'

const PROGRAM = fileURLToPath(new URL('../support/ends-on-signal.js', import.meta.url))

/** Exit code and signal of a process. */
interface End {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** A process, and the lines that it has printed. */
class Program {
  readonly lines: string[] = []
  readonly ended: Promise<End>
  readonly #child: ChildProcessWithoutNullStreams

  constructor(...args: string[]) {
    this.#child = spawn(process.execPath, [PROGRAM, ...args])
    this.ended = once(this.#child, 'exit').then(([code, signal]) => ({ code, signal }))
    this.#child.stdout.on('data', (data: Buffer) => {
      this.lines.push(...data.toString().trim().split('\n'))
    })
    this.#child.stderr.on('data', (data: Buffer) => {
      this.lines.push(`stderr: ${data.toString()}`)
    })
  }

  /** Waits until all of these lines have been printed. */
  async printed(...wanted: string[]): Promise<void> {
    while (!wanted.every((line) => this.lines.includes(line))) {
      const outcome = await Promise.race([once(this.#child.stdout, 'data'), this.ended])
      if ('code' in outcome)
        throw new Error(`It ended before it printed ${wanted.join(', ')}: ${this.lines.join('; ')}`)
    }
  }

  send(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  write(line: string): void {
    this.#child.stdin.write(`${line}\n`)
  }

  /** Ends the process at any point. */
  async stop(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.ended
  }
}

describe('closeOnSignals', () => {
  const listeners = (): number[] => [process.listenerCount('SIGINT'), process.listenerCount('SIGTERM')]
  const never = (): Promise<void> => new Promise(() => {})

  it('adds one listener for all clients, and removes it when none are left', () => {
    const before = listeners()
    const stopFirst = closeOnSignals(() => never())
    const stopSecond = closeOnSignals(() => never())
    expect(listeners()).to.deep.equal(before.map((count) => count + 1))
    stopFirst()
    expect(listeners()).to.deep.equal(before.map((count) => count + 1))
    stopSecond()
    expect(listeners()).to.deep.equal(before)
  })

  it('stops listening when the client has closed or bootstrap has failed', async () => {
    class Quiet {
      @OnMessage() received(): void {}
    }
    const before = listeners()
    const server = new MemoryServer()
    const options = {
      transport: server.connect,
      shutdownSignals: true,
      logger: false,
      reconnect: false,
    } as const
    const client = await bootstrap(Quiet, 'ws://peer.test/', options)
    expect(listeners()).not.to.deep.equal(before)
    await client.close()
    expect(listeners()).to.deep.equal(before)
    server.onAttempt = (peer) => peer.refuse()
    await bootstrap(Quiet, 'ws://peer.test/', options).catch(() => undefined)
    expect(listeners()).to.deep.equal(before)
  })

  describe('in a process (socket)', () => {
    let server: TestServer
    let program: Program
    let codes: Promise<{ code: number; reason: string }[]>

    /** Starts the program against a real server, and waits until both of its clients are ready. */
    async function run(...mode: string[]): Promise<void> {
      program = new Program(server.url, ...mode)
      const connections = await Promise.all([server.connection(1), server.connection(2)])
      const closes = connections.map(async ({ socket }) => {
        const [code, reason] = (await once(socket, 'close')) as [number, Buffer]
        return { code, reason: reason.toString() }
      })
      codes = Promise.all(closes)
      await program.printed('ready')
    }

    beforeEach(async () => {
      server = await startTestServer()
    })

    afterEach(async () => {
      await program.stop()
      await server.close()
    })

    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      it(`closes with 1001 on ${signal}, and exits by that signal`, async () => {
        await run()
        program.send(signal)
        expect(await program.ended).to.deep.equal({ code: null, signal })
        const goodbye = { code: 1001, reason: 'the process is shutting down' }
        expect(await codes).to.deep.equal([goodbye, goodbye])
        expect(program.lines).to.include.members(['closed 1', 'closed 2'])
      })
    }

    it('waits for the slowest client', async () => {
      await run()
      server.connections[1]!.socket.send('"work"')
      await program.printed('working')
      program.send('SIGINT')
      await program.printed('closing 1', 'closing 2', 'closed 1')
      program.write('done')
      expect(await program.ended).to.deep.equal({ code: null, signal: 'SIGINT' })
      expect(program.lines).to.include('closed 2')
      expect((await codes).map(({ code }) => code)).to.deep.equal([1001, 1001])
    })

    it('exits immediately on the second signal', async () => {
      await run()
      server.connections[0]!.socket.send('"work"')
      await program.printed('working')
      program.send('SIGTERM')
      await program.printed('closing 1', 'closing 2')
      program.send('SIGINT')
      expect(await program.ended).to.deep.equal({ code: 130, signal: null })
      expect(program.lines).not.to.include('closed 1')
    })

    it('treats two identical signals at the same time as one, because npm repeats Ctrl-C', async () => {
      await run()
      server.connections[0]!.socket.send('"work"')
      await program.printed('working')
      program.send('SIGINT')
      program.send('SIGINT')
      await program.printed('closing 1', 'closing 2')
      program.write('done')
      expect(await program.ended).to.deep.equal({ code: null, signal: 'SIGINT' })
      expect(program.lines).to.include('closed 1')
    })

    it('exits when the same signal is repeated', async () => {
      await run()
      server.connections[0]!.socket.send('"work"')
      await program.printed('working')
      program.send('SIGINT')
      await program.printed('closing 1', 'closing 2')
      let hasEnded = false
      void program.ended.then(() => (hasEnded = true))
      await eventually('the repeated signal ends it', () => {
        program.send('SIGINT')
        return hasEnded
      })
      expect(await program.ended).to.deep.equal({ code: 130, signal: null })
    })

    it('exits with 128 plus the signal number as PID 1, which a default signal action does not end', async () => {
      await run('first')
      program.send('SIGTERM')
      expect(await program.ended).to.deep.equal({ code: 143, signal: null })
      expect((await codes).map(({ code }) => code)).to.deep.equal([1001, 1001])
    })

    it('calls a custom listener once, and exits with 128 plus the signal number', async () => {
      await run('listens')
      program.send('SIGTERM')
      expect(await program.ended).to.deep.equal({ code: 143, signal: null })
      expect(program.lines.filter((line) => line === 'heard')).to.have.length(1)
      expect(program.lines).to.include.members(['closed 1', 'closed 2'])
    })

    it('closes an application as a whole', async () => {
      await run('module')
      program.send('SIGTERM')
      expect(await program.ended).to.deep.equal({ code: null, signal: 'SIGTERM' })
      expect((await codes).map(({ code }) => code)).to.deep.equal([1001, 1001])
    })
  })
})
