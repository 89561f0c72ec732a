import { expect } from 'chai'
import { parseCommandLine } from '#src/cli/arguments.js'
import type { Arguments } from '#src/cli/arguments.js'

const URL = 'ws://127.0.0.1:1'

function given(...args: string[]): Arguments {
  const line = parseCommandLine(args)
  if (line.kind !== 'run') throw new Error(JSON.stringify(line))
  return line.given
}

function mistakes(...args: string[]): readonly string[] {
  const line = parseCommandLine(args)
  return line.kind === 'mistakes' ? line.mistakes : [`no mistakes: ${line.kind}`]
}

describe('parseCommandLine', () => {
  it('uses defaults for everything but the URL', () => {
    expect(given(URL)).to.deep.include({
      url: URL,
      headers: [],
      reconnects: false,
      opening: [],
      encoding: 'text',
      wait: undefined,
      count: undefined,
      color: undefined,
      keepsHistory: true,
    })
  })

  it('reads short options with their values, together or apart', () => {
    expect(
      given('-qkn2', '-w', '500ms', '-xhi', '-H', 'A: b', '-s', 'one', '-s', 'two', URL),
    ).to.deep.include({
      isQuiet: true,
      isInsecure: true,
      count: 2,
      wait: 500,
      opening: [{ kind: 'text', value: 'hi' }],
      headers: ['A: b'],
      subprotocols: ['one', 'two'],
    })
  })

  it('keeps the order of -x and --file', () => {
    expect(given('-x', '1', '--file', 'two.json', '--execute=3', URL).opening).to.deep.equal([
      { kind: 'text', value: '1' },
      { kind: 'file', value: 'two.json' },
      { kind: 'text', value: '3' },
    ])
  })

  it('reads a value that starts with a dash', () => {
    expect(given('-x', '-1', URL).opening).to.deep.equal([{ kind: 'text', value: '-1' }])
  })

  it('ends options at --', () => {
    expect(given('--raw', '--', URL)).to.deep.include({ url: URL, isRaw: true })
    expect(mistakes('--', '--raw')).to.deep.equal([
      "The URL '--raw' is not an absolute URL. Fix: include scheme and host: 'wss://example.com/feed'",
    ])
  })

  it('turns the heartbeat off, or sets its interval', () => {
    expect(given('--heartbeat', 'off', URL).heartbeat).to.equal(false)
    expect(given('--heartbeat', '20s', URL).heartbeat).to.equal(20_000)
  })

  it('prints NUL-terminated messages unchanged', () => {
    expect(given('-0', URL)).to.deep.include({ isRaw: true, isNulTerminated: true })
  })

  it('prefers --no-color to --color', () => {
    expect(given('--color', URL).color).to.equal(true)
    expect(given('--color', '--no-color', URL).color).to.equal(false)
  })

  it('uses the last encoding of the list: binary, hex, base64', () => {
    expect(given('--hex', URL).encoding).to.equal('hex')
    expect(given('-b', URL).encoding).to.equal('binary')
    expect(given('--base64', URL).encoding).to.equal('base64')
  })

  it('shows help and the version regardless of other arguments', () => {
    expect(parseCommandLine(['--help', '--nope'])).to.deep.equal({ kind: 'help' })
    expect(parseCommandLine(['-h'])).to.deep.equal({ kind: 'help' })
    expect(parseCommandLine(['--version'])).to.deep.equal({ kind: 'version' })
  })

  it('does not need a URL to play a recording back', () => {
    expect(given('--replay', 'f.jsonl')).to.deep.include({ url: undefined, replay: 'f.jsonl' })
  })

  it('reports all mistakes at once', () => {
    expect(mistakes('--nope', '--wait', 'soon', '--count', '0', '--raw=1', '-x')).to.deep.equal([
      'Unknown option --nope',
      '--raw does not take a value',
      '-x needs a value: -x <message>',
      "--wait: expected a time such as 500ms or 2s, received 'soon'",
      "--count: expected a positive integer, received '0'",
      'No URL given. Run: holdfast wss://example.com',
    ])
  })

  it('suggests an option with a similar name', () => {
    expect(mistakes('--heder', 'a: b', URL)).to.include('Unknown option --heder. Did you mean --header?')
    expect(mistakes('--recon', URL)).to.deep.equal(['Unknown option --recon. Did you mean --reconnect?'])
    expect(mistakes('--zz', URL)).to.deep.equal(['Unknown option --zz'])
  })

  it('does not take the value of an unknown option for a URL', () => {
    const expected = ['Unknown option --wiat. Did you mean --wait?']
    expect(mistakes('--wiat', '3', URL)).to.deep.equal(expected)
    expect(mistakes(URL, '--wiat', '3')).to.deep.equal(expected)
  })

  it('names the scheme that a URL needs, and never shows its credentials', () => {
    expect(mistakes('localhost:8080')).to.deep.equal([
      "The URL 'localhost:8080' has no scheme. Fix: include the scheme: ws://localhost:8080",
    ])
    expect(mistakes('https://user:secret@example.com').join())
      .to.match(/use wss:[/][/]$/)
      .and.not.include('secret')
  })

  it('expects one URL', () => {
    expect(mistakes(URL, 'hello')).to.deep.equal([
      'Expected one URL, received 2 arguments. Put messages and values that contain spaces in quotes',
    ])
  })

  it('reports options that exclude each other', () => {
    expect(mistakes('--heartbeat', 'off', '--heartbeat-message', 'ping', URL)).to.have.length(1)
    expect(mistakes('--user', 'a:b', '--token-command', 'c', URL)).to.have.length(1)
    expect(mistakes('-qv', URL)).to.have.length(1)
  })
})
