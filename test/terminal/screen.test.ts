import { expect } from 'chai'
import { PassThrough } from 'node:stream'
import { Screen } from '#src/terminal/screen.js'
import type { OutputStream } from '#src/terminal/screen.js'
import { turns } from '../support/eventually.js'

function stream({ isTTY = false, highWaterMark = 1_024 } = {}): PassThrough & OutputStream {
  return Object.assign(new PassThrough({ highWaterMark }), { isTTY })
}

describe('Screen', () => {
  it('writes messages to one stream, and notices to the other', async () => {
    const [out, err] = [stream(), stream()]
    const screen = new Screen(out, err, () => undefined)
    await screen.message('message\n')
    screen.notice('notice')
    await screen.flush()
    expect([String(out.read()), String(err.read())]).to.deep.equal(['message\n', 'notice\n'])
  })

  it('waits until the reader has caught up', async () => {
    const out = stream({ highWaterMark: 4 })
    const screen = new Screen(out, stream(), () => undefined)
    let isWritten = false
    const written = screen.message('message\n').then(() => (isWritten = true))
    await turns(3)
    expect(isWritten).to.equal(false)
    out.resume()
    await written
  })

  it('reports once that the reader has gone, and then discards messages', async () => {
    const out = stream({ highWaterMark: 4 })
    let broken = 0
    const screen = new Screen(out, stream(), () => (broken += 1))
    const waiting = screen.message('message\n')
    out.destroy(new Error('EPIPE'))
    await waiting
    await screen.message('another\n')
    await screen.flush()
    expect(broken).to.equal(1)
  })

  it('ignores errors of standard error', async () => {
    const err = stream()
    const screen = new Screen(stream(), err, () => undefined)
    err.destroy(new Error('EPIPE'))
    await turns(3)
    screen.notice('lost')
    await screen.flush()
  })

  it('makes room for output above the typed line, on terminals only', async () => {
    const steps: string[] = []
    const out = stream({ isTTY: true })
    const screen = new Screen(out, stream(), () => undefined)
    screen.setTypedLine({
      hide: () => steps.push('hide'),
      show: () => steps.push(`show after ${String(out.read())}`),
    })
    await screen.message('message')
    screen.notice('piped')
    expect(steps).to.deep.equal(['hide', 'show after message'])
  })
})
