import { expect } from 'chai'
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { createInterface } from 'node:readline'
import { saveFiles } from './support/page-files.js'
import { run, tsc } from './support/project.js'

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

describe('docs/getting-started.md', function () {
  this.timeout(60_000)
  let folder = ''

  before(async () => {
    const port = await freePort()
    const saved = saveFiles('docs/getting-started.md', 'getting-started', (text) =>
      text.replaceAll('8080', String(port)),
    )
    folder = saved.folder
    expect(saved.paths).to.deep.equal([
      'package.json',
      'tsconfig.json',
      'feed.js',
      'src/ticker-client.ts',
      'src/main.ts',
      'src/ticker-client.test.ts',
    ])
    const compiled = await run(process.execPath, [tsc, '-p', '.', '--pretty', 'false'], folder)
    expect(compiled.output).to.equal('')
  })

  it('leads to a client that prints prices, and ends by Ctrl+C', async () => {
    const start = (path: string): ChildProcess =>
      spawn(process.execPath, [path], { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] })
    const feed = start('feed.js')
    await lineOf(feed, /^feed on ws:/)
    const client = start('dist/main.js')
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
