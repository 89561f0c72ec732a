import { expect } from 'chai'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ClientOptions } from 'holdfast'
import { parseCommandLine } from '#src/cli/arguments.js'
import { connectionOptions } from '#src/cli/connection-options.js'

const URL = 'wss://feed.example.com'

function setup(args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  const line = parseCommandLine([...args, URL])
  if (line.kind !== 'run') throw new Error(JSON.stringify(line))
  return connectionOptions(line.given, environment)
}

function options(...args: string[]): ClientOptions {
  const made = setup(args)
  if ('mistakes' in made) throw new Error(made.mistakes.join())
  return made.options
}

describe('connectionOptions', () => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-'))
  const path = join(folder, 'file')
  before(() => writeFileSync(path, 'contents\n'))
  after(() => rmSync(folder, { recursive: true }))

  it('sets nothing but the URL by default, and does not reconnect', () => {
    const { url, reconnect, headers, ...others } = options()
    expect({ url, reconnect, headers }).to.deep.equal({ url: URL, reconnect: false, headers: {} })
    expect(new Set<unknown>(Object.values(others))).to.deep.equal(new Set([undefined]))
  })

  it('maps each option', () => {
    const given = [
      '--reconnect',
      '--compress',
      '--connect-timeout',
      '3s',
      '-s',
      'v1',
      '--max-payload',
      '1000',
    ]
    expect(options(...given, '-o', 'https://a.test', '--location', '--proxy', 'environment')).to.deep.include(
      {
        reconnect: undefined,
        compression: true,
        connectTimeout: 3_000,
        maxPayload: 1_000,
        protocols: { offer: ['v1'], required: false },
        origin: 'https://a.test',
        followRedirects: true,
        proxy: 'environment',
      },
    )
  })

  it('makes a heartbeat of the interval and the message', () => {
    expect(options('--heartbeat', 'off').heartbeat).to.equal(false)
    expect(options('--heartbeat', '5s').heartbeat).to.deep.equal({ interval: 5_000 })
    const made = options('--heartbeat-message', 'PING').heartbeat as {
      interval: number
      message: () => unknown
    }
    expect([made.interval, made.message()]).to.deep.equal([20_000, 'PING'])
  })

  it('reads the files of TLS', () => {
    const bytes = Buffer.from('contents\n')
    const given = ['--ca', path, '--cert', path, '--key', path, '--passphrase', `@${path}`, '--insecure']
    expect(options(...given).tls).to.deep.equal({
      ca: [bytes],
      cert: bytes,
      key: bytes,
      passphrase: 'contents',
      rejectUnauthorized: false,
    })
    expect(options('--passphrase', 'secret').tls).to.deep.include({ passphrase: 'secret', ca: undefined })
  })

  it('reports every file that is missing, and every header that is wrong', () => {
    const made = setup(['--ca', join(folder, 'none'), '-H', 'secret', '--header-env', 'A=B'])
    const mistakes = 'mistakes' in made ? made.mistakes : []
    expect(mistakes).to.have.length(3)
    expect(mistakes.join()).to.not.include('secret')
  })

  it('sends one Authorization: a header replaces --user, and --token-command replaces a header', async () => {
    const header = ['--header', 'authorization: Bearer x']
    expect(options('--user', 'a:b', ...header).headers).to.deep.equal({ authorization: 'Bearer x' })
    const { headers } = options('--token-command', 'echo y', ...header)
    if (typeof headers !== 'function') throw new Error('expected a function')
    const { signal } = new AbortController()
    expect(await headers({ attempt: 1, isReconnect: false, signal })).to.deep.equal({
      Authorization: 'Bearer y',
    })
  })

  it('prefers the headers of the command line to those of the environment', () => {
    const made = setup(['-H', 'x-a: 2', '-H', 'x-a: 3'], {
      HOLDFAST_HEADER_X_A: '1',
      HOLDFAST_HEADER_X_B: '4',
    })
    expect(made)
      .to.have.nested.property('options.headers')
      .that.deep.equals({ 'x-a': ['2', '3'], 'X-B': '4' })
  })
})
