import { expect } from 'chai'
import { PassThrough } from 'node:stream'
import { HandshakeError, StartupError } from 'holdfast'
import { Notices } from '#src/terminal/notices.js'
import type { NoticeStyle } from '#src/terminal/notices.js'
import { Screen } from '#src/terminal/screen.js'
import { readAll } from '../support/read-all.js'

function notices(style: Partial<NoticeStyle> = {}): { notices: Notices; lines: () => string[] } {
  const err = new PassThrough()
  const screen = new Screen(new PassThrough(), err, () => undefined)
  return {
    notices: new Notices(screen, { isQuiet: false, isVerbose: false, hasColors: false, ...style }),
    lines: () => readAll(err).split('\n').slice(0, -1),
  }
}

const REFUSAL = new HandshakeError('ws://a.test/', 'Server rejected the handshake', {
  status: 401,
  headers: { 'www-authenticate': 'Bearer', 'set-cookie': ['a\x1b', 'b'] },
  body: `first\r\n\x9b${'\nline'.repeat(20)}`,
})

describe('Notices', () => {
  it('reports progress unless quiet, and details only if verbose', () => {
    for (const [style, expected] of [
      [{}, ['info']],
      [{ isQuiet: true }, []],
      [{ isVerbose: true }, ['info', 'detail']],
    ] as const) {
      const made = notices(style)
      made.notices.info('info')
      made.notices.detail('detail')
      expect(made.lines()).to.deep.equal(expected)
    }
  })

  it('reports errors, and what the user has asked for, even if quiet', () => {
    const made = notices({ isQuiet: true })
    made.notices.error('no')
    made.notices.show('state')
    expect(made.lines()).to.deep.equal(['holdfast: no', 'state'])
  })

  it('colors lines', () => {
    const made = notices({ hasColors: true })
    made.notices.error('no')
    expect(made.lines()).to.deep.equal(['\x1b[31mholdfast: no\x1b[39m'])
  })

  it('escapes control characters', () => {
    const made = notices()
    made.notices.info('a\x1b[2Jb\nc')
    expect(made.lines()).to.deep.equal(['a\\u001b[2Jb\\nc'])
  })

  it('reports an error once', () => {
    const made = notices()
    made.notices.failure(REFUSAL)
    made.notices.failure(REFUSAL)
    expect(made.lines()).to.deep.equal(['holdfast: Server rejected the handshake'])
  })

  it('reports the headers and the first lines of a rejection if verbose, escaped', () => {
    const made = notices({ isVerbose: true })
    made.notices.failure(REFUSAL)
    const [, ...lines] = made.lines()
    expect(lines.slice(0, 5)).to.deep.equal([
      '< www-authenticate: Bearer',
      '< set-cookie: a\\u001b',
      '< set-cookie: b',
      '| first',
      '| \\u009b',
    ])
    expect(lines).to.have.length(13)
  })

  it('reports each start-up mistake on a line, without the name of an object in code', () => {
    const made = notices()
    made.notices.failure(
      new StartupError('X', [{ place: 'options.proxy', cause: 'is wrong', fix: 'mend it' }]),
    )
    expect(made.lines()).to.deep.equal(['holdfast: --proxy: is wrong. Fix: mend it'])
  })
})
