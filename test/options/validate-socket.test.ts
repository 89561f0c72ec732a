import { expect } from 'chai'
import { lookup } from 'node:dns'
import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { inspect } from 'node:util'
import { SOCKET_OPTIONS } from '#src/options/fill-in.js'
import { validateOptions } from '#src/options/validate-options.js'
import { SOCKET_CHECKS } from '#src/options/validate-socket.js'

function check(options: Readonly<Record<string, unknown>>) {
  return validateOptions({ url: 'wss://peer.test', ...options }, 'Ticker', [])
}

/** Expects exactly one mistake, with its place and parts of its cause and fix. */
function expectMistake(
  options: Readonly<Record<string, unknown>>,
  place: string,
  cause: string,
  fix: string,
): void {
  const mistakes = check(options)
  expect(mistakes, inspect(mistakes)).to.have.lengthOf(1)
  expect(mistakes[0]?.place).to.equal(place)
  expect(mistakes[0]?.cause).to.include(cause)
  expect(mistakes[0]?.fix).to.include(fix)
  expect(inspect(mistakes)).to.not.include('secret')
}

const agent = new HttpsAgent()
const createConnection = () => undefined

describe('The options of the socket', () => {
  it('are valid in these forms, or explicitly undefined', () => {
    expect(check(Object.fromEntries(SOCKET_CHECKS.map(([name]) => [name, undefined])))).to.deep.equal([])
    const forms = [
      { tls: {} },
      { tls: () => ({ anything: 7 }) },
      { agent },
      { url: 'ws://peer.test', agent: new HttpAgent() },
      { createConnection },
      { createConnection: async () => Promise.resolve() },
      { socketPath: '/run/app.sock' },
      { url: 'ws+unix:///run/app.sock:/feed', createConnection },
      { localAddress: '192.0.2.7', family: 4, lookup },
      { localAddress: '::1', family: 6 },
      { tcpKeepAlive: true, tcpNoDelay: false },
      { tcpKeepAlive: 60_000 },
      { tcpKeepAlive: false },
    ]
    for (const options of forms) expect(check(options), inspect(options)).to.deep.equal([])
  })

  it('are all checked and passed on', () => {
    const checked = SOCKET_CHECKS.map(([name]) => name as string)
    expect(checked).to.have.members([...SOCKET_OPTIONS])
  })

  it('are mistakes in other forms', () => {
    expectMistake({ agent: {} }, 'options.agent', 'expected an agent', 'https.Agent')
    expectMistake({ agent: false }, 'options.agent', 'expected an agent', 'https.Agent')
    expectMistake({ socketPath: '' }, 'options.socketPath', 'expected a path', '/run/app.sock')
    expectMistake({ createConnection: {} }, 'options.createConnection', 'expected a function', '() => socket')
    expectMistake(
      { localAddress: 'localhost' },
      'options.localAddress',
      'expected an IP address',
      '192.0.2.7',
    )
    expectMistake({ family: '4' }, 'options.family', 'expected 4 or 6', 'use 4 or 6')
    expectMistake({ lookup: 'dns' }, 'options.lookup', 'expected a function', 'dns.lookup')
    expectMistake({ tcpKeepAlive: 30 }, 'options.tcpKeepAlive', 'milliseconds from 1000', '10_000')
    expectMistake({ tcpKeepAlive: 'yes' }, 'options.tcpKeepAlive', 'received a string', '10_000')
    expectMistake({ tcpNoDelay: 1 }, 'options.tcpNoDelay', 'expected a boolean', 'true or false')
  })

  it('are mistakes if two of them decide how to connect', () => {
    const two = (one: string, other: string): readonly [string, string, string] => [
      'options',
      `${one} cannot be combined with ${other}`,
      `remove ${one} or ${other}`,
    ]
    expectMistake({ agent, createConnection }, ...two('agent', 'createConnection'))
    expectMistake({ agent, socketPath: '/x' }, ...two('agent', 'socketPath'))
    expectMistake({ createConnection, socketPath: '/x' }, ...two('createConnection', 'socketPath'))
    const url = 'ws+unix:///run/app.sock:/feed'
    expectMistake(
      { url, socketPath: '/x' },
      'options.socketPath',
      'cannot be combined with a ws+unix: URL',
      'ws://',
    )
    expectMistake({ url, agent }, 'options.agent', 'cannot be combined with a ws+unix: URL', 'ws://')
  })

  for (const [name, value] of [
    ['agent', agent],
    ['createConnection', createConnection],
    ['socketPath', '/x'],
  ] as const) {
    it(`are mistakes if ${name} is combined with a proxy, unless that is turned off`, () => {
      const causes = (proxy: unknown): readonly string[] =>
        check({ proxy, [name]: value }).map(({ cause }) => cause)
      const cause = `proxy cannot be combined with ${name}, because both decide how to connect`
      expect(causes('http://proxy.test')).to.include(cause)
      expect(causes(false)).to.not.include(cause)
    })
  }

  it('are mistakes if an http.Agent would have to create TLS sockets', () => {
    const plain = { agent: new HttpAgent() }
    expectMistake(
      plain,
      'options.agent',
      'an http.Agent cannot create the sockets for a wss:// URL',
      'https.Agent',
    )
  })
})

describe('checkTls', () => {
  it('suggests the member that was probably meant', () => {
    const tls = { fingerprint265: 'secret', ca: 7 }
    const mistakes = check({ tls })
    expect(mistakes.map(({ place }) => place)).to.deep.equal(['options.tls.fingerprint265', 'options.tls.ca'])
    expect(mistakes[0]?.fix).to.equal('did you mean "fingerprint256"?')
  })

  it('reports what is not an object or a function', () => {
    expectMistake({ tls: true }, 'options.tls', 'expected an object, received a boolean', 'readFileSync(')
    expectMistake({ tls: [] }, 'options.tls', 'expected an object, received an array', 'readFileSync(')
  })

  it('translates names that belong into tls, and names from other libraries', () => {
    for (const name of ['ca', 'cert', 'key', 'pfx', 'passphrase', 'rejectUnauthorized', 'servername'])
      expectMistake(
        { [name]: 'secret' },
        `options.${name}`,
        'unknown option',
        `move it into tls: { ${name} }`,
      )
    expectMistake({ sslopt: {} }, 'options.sslopt', 'unknown option', 'use tls')
    expectMistake({ sockopt: [] }, 'options.sockopt', 'unknown option', 'use tcpKeepAlive and tcpNoDelay')
    expectMistake({ sock: {} }, 'options.sock', 'unknown option', 'use createConnection')
    expectMistake(
      { skipUTF8Validation: true },
      'options.skipUTF8Validation',
      'unknown option',
      'validateUtf8: false',
    )
  })
})
