import { expect } from 'chai'
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { startTestServer } from 'holdfast/testing'
import { emptyProject, saveFiles } from './support/page-files.js'
import { run, tsc } from './support/project.js'

/** A stand-in for pino, whose types and output are those of the real one as far as the page uses them. */
const PINO = `
const write = (level) => (facts, msg) => console.log(JSON.stringify({ level, ...facts, msg }))
const logger = { debug: write(20), info: write(30), warn: write(40), error: write(50) }
export const pino = Object.assign(() => logger, { destination: (options) => options })
`
const PINO_TYPES = `
type Write = (facts: object, message: string) => void
type Pino = Record<'debug' | 'info' | 'warn' | 'error', Write>
interface Destination { readonly sync: boolean }
export declare const pino: {
  (destination: Destination): Pino
  destination(options: Destination): Destination
}
`

/** Finds a port that is free now. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** Resolves once a program has written a line that matches; rejects if it ends before. */
function lineOf({ stdout }: ChildProcess, pattern: RegExp): Promise<void> {
  return new Promise((resolve, reject) => {
    const lines = createInterface(stdout!)
    lines.on('line', (line) => {
      if (pattern.test(line)) resolve()
    })
    lines.on('close', () => reject(new Error(`No line matched ${pattern}`)))
  })
}

function start(folder: string, path: string, env: Readonly<Record<string, string>> = {}): ChildProcess {
  const options = { cwd: folder, env: { ...process.env, ...env } }
  return spawn(process.execPath, [path], { ...options, stdio: ['ignore', 'pipe', 'ignore'] })
}

async function compile(folder: string): Promise<void> {
  const compiled = await run(process.execPath, [tsc, '-p', '.', '--pretty', 'false'], folder)
  expect(compiled.output).to.equal('')
}

describe('docs/getting-started.md', function () {
  this.timeout(60_000)
  let folder = ''

  before(async () => {
    const port = await freePort()
    folder = emptyProject('getting-started')
    const paths = saveFiles('docs/getting-started.md', folder, (text) =>
      text.replaceAll('8765', String(port)),
    )
    expect(paths).to.deep.equal([
      'package.json',
      'tsconfig.json',
      'feed.js',
      'src/ticker-client.ts',
      'src/main.ts',
      'src/ticker-client.test.ts',
    ])
    await compile(folder)
  })

  it('leads to a client that prints prices and stops on Ctrl+C', async () => {
    const feed = start(folder, 'feed.js')
    await lineOf(feed, /^feed on ws:/)
    const client = start(folder, 'dist/main.js')
    const ended = once(client, 'exit')
    await lineOf(client, /^price 4\d{4}$/)
    client.kill('SIGINT')
    expect(await ended).to.deep.equal([null, 'SIGINT'])
    feed.kill()
    await once(feed, 'exit')
  })

  it('leads to a test that passes', async () => {
    const { code, output } = await run(process.execPath, ['--test', 'dist/ticker-client.test.js'], folder)
    expect(code, output).to.equal(0)
    expect(output).to.match(/pass 1\n/)
  })
})

describe('docs/testing.md', function () {
  this.timeout(60_000)

  it('shows tests that pass', async () => {
    const folder = emptyProject('testing')
    saveFiles('docs/getting-started.md', folder)
    saveFiles('docs/testing.md', folder)
    await compile(folder)
    const tests = ['dist/ticker-client.test.js', 'dist/reconnect.test.js']
    const { code, output } = await run(process.execPath, ['--test', ...tests], folder)
    expect(code, output).to.equal(0)
    expect(output).to.match(/pass 2\n/)
  })
})

describe('docs/production.md', function () {
  this.timeout(60_000)
  let folder = ''
  let port = 0

  before(async () => {
    port = await freePort()
    folder = emptyProject('production')
    saveFiles('docs/getting-started.md', folder)
    const paths = saveFiles('docs/production.md', folder, (text) => text.replaceAll('8081', String(port)))
    expect(paths).to.deep.equal([
      'src/main.ts',
      'src/health.ts',
      'Dockerfile',
      '.dockerignore',
      'src/pino-logger.ts',
    ])
    mkdirSync(join(folder, 'node_modules/pino'))
    writeFileSync(join(folder, 'node_modules/pino/package.json'), '{"type":"module","main":"index.js"}')
    writeFileSync(join(folder, 'node_modules/pino/index.js'), PINO)
    writeFileSync(join(folder, 'node_modules/pino/index.d.ts'), PINO_TYPES)
    await compile(folder)
  })

  const probe = async (path: string): Promise<readonly [number, string]> => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers: { connection: 'close' } })
    return [response.status, await response.text()]
  }

  it('leads to a program with probes and JSON lines, which SIGTERM closes with 1001', async () => {
    await using feed = await startTestServer()
    const program = start(folder, 'dist/main.js', { FEED_URL: feed.url })
    const ended = once(program, 'exit')
    await lineOf(program, /^\{"level":30,"msg":"\[TickerClient\] state: open \(connection 1\)"\}$/)
    expect(await probe('/readyz')).to.deep.equal([200, 'open'])
    expect(await probe('/livez')).to.deep.equal([200, 'open'])
    const closed = once((await feed.connection(1)).socket, 'close')
    program.kill('SIGTERM')
    expect((await closed)[0]).to.equal(1001)
    expect(await ended).to.deep.equal([null, 'SIGTERM'])
  })

  it('leads to a program that is live but not ready while its server is down', async () => {
    const program = start(folder, 'dist/main.js', { FEED_URL: `ws://127.0.0.1:${await freePort()}` })
    const ended = once(program, 'exit')
    await lineOf(program, /state: waiting/)
    expect(await probe('/readyz')).to.deep.equal([503, 'waiting'])
    expect(await probe('/livez')).to.deep.equal([200, 'waiting'])
    program.kill('SIGTERM')
    expect(await ended).to.deep.equal([null, 'SIGTERM'])
  })

  it('leads to a program that exits with 1 once its connection has ended with an error', async () => {
    await using feed = await startTestServer(undefined, { verifyClient: () => false })
    const program = start(folder, 'dist/main.js', { FEED_URL: feed.url })
    expect(await once(program, 'exit')).to.deep.equal([1, null])
  })
})
