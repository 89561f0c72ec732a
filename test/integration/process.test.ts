import { expect } from 'chai'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { startTestServer } from 'holdfast/testing'
import { disposal } from '../support/disposal.js'

/** Exit code and output of a child process. */
interface Ended {
  readonly code: number | null
  readonly output: string
  readonly errors: string
}

/** Runs a compiled script of `support` to its end. */
async function run(script: string, ...args: readonly string[]): Promise<Ended> {
  const path = fileURLToPath(new URL(`../support/${script}.js`, import.meta.url))
  const child = spawn(process.execPath, ['--unhandled-rejections=strict', path, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const exit = once(child, 'exit') as Promise<[number | null]>
  const [output, errors, [code]] = await Promise.all([text(child.stdout), text(child.stderr), exit])
  return { code, output, errors }
}

describe('A process with a client', function () {
  this.timeout(60_000)
  const use = disposal()

  it('exits on its own within a second of close() (B23)', async () => {
    const server = use(await startTestServer())
    const { code, output, errors } = await run('exits-after-close', server.url)
    expect({ code, errors }).to.deep.equal({ code: 0, errors: '' })
    const told = JSON.parse(output) as { code: number; tookToExit: number }
    expect(told.code).to.equal(1000)
    expect(told.tookToExit).to.be.lessThan(1_000)
    expect(server.connections[0]?.received).to.deep.equal(['hello'])
  })

  it('survives drops, throwing handlers, and closes without an unhandled rejection (B34)', async () => {
    let count = 0
    const server = use(
      await startTestServer(({ socket }) => {
        count += 1
        for (const type of ['sync', 'async', 'stream', 'accident']) socket.send(JSON.stringify({ type }))
        socket.send('{ not JSON')
        socket.send(Buffer.from([1]))
        socket.ping()
        socket.send(JSON.stringify({ type: 'late' }))
        // The second @OnOpen throws, which ends its connection.
        if (count === 1) setImmediate(() => socket.terminate())
        if (count === 3) socket.close(1011, 'restarting')
        if (count === 4) socket.close(1003, 'go away')
      }),
    )
    const { code, output, errors } = await run('survives-everything', server.url)
    expect({ code, errors }).to.deep.equal({ code: 0, errors: '' })
    const seen = JSON.parse(output) as Record<string, number>
    expect(seen).to.include({ open: 4, code: 1003, close: 4, refused: 1 })
    for (const where of ['sync', 'async', 'stream', 'accident', 'binary', 'error', 'state change']) {
      expect(seen[where], where).to.be.greaterThan(0)
    }
  })
})
