import { expect } from 'chai'
import { inOptionWords } from '#src/terminal/option-words.js'

describe('inOptionWords', () => {
  it('names the options of the command line', () => {
    expect(inOptionWords('timed out after 10 ms (connectTimeout)')).to.equal(
      'timed out after 10 ms (--connect-timeout)',
    )
    expect(
      inOptionWords("pass its certificate as tls: { ca }, or pin it: tls: { a: false, b: 'AB:CD' }"),
    ).to.equal('pass its certificate with --ca')
  })

  it('names them in start-up mistakes, redirects, and errors of --token-command', () => {
    for (const [message, expected] of [
      ['proxy: has the unsupported scheme "ftp"', '--proxy: has the unsupported scheme "ftp"'],
      ['protocols.offer[0]: invalid subprotocol name', '--subprotocol: invalid subprotocol name'],
      [
        'tls.cert: requires its private key. Fix: add key',
        '--cert: requires its private key. Fix: add --key',
      ],
      ['Use the final URL, or set followRedirects', 'Use the final URL, or pass --location'],
      ["through that proxy, use proxy: 'environment'", 'through that proxy, pass --proxy environment'],
      ['requires one, pass tls: { cert, key }', 'requires one, pass --cert and --key'],
      ['The headers function threw: --token-command failed', '--token-command failed'],
    ] as const)
      expect(inOptionWords(message)).to.equal(expected)
  })

  it('leaves other messages unchanged', () => {
    expect(inOptionWords('Connection lost')).to.equal('Connection lost')
  })
})
