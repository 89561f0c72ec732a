import { expect } from 'chai'
import type { TransportEnd } from 'holdfast'
import { eventually, turns } from '../support/eventually.js'
import type { Scene } from './scene.js'

/** Expects an end without an error. */
function expectEnd(
  { code, reason, error }: TransportEnd,
  expectedCode: number,
  expectedReason: string,
): void {
  expect({ code, reason, error }).to.deep.equal({
    code: expectedCode,
    reason: expectedReason,
    error: undefined,
  })
}

/** Describes how every transport ends. */
export function describeClosing(scene: Scene): void {
  it('reports the code and the reason of a peer that closes', async () => {
    const far = await scene.beginOpen()
    far.close(4001, 'session expired')
    const end = await scene.recorder.untilClosed()
    expectEnd(end, 4001, 'session expired')
    expect(end.sentCode).to.equal(undefined)
  })

  it('reports 1005 if a peer closes without a code', async () => {
    const far = await scene.beginOpen()
    far.close()
    expectEnd(await scene.recorder.untilClosed(), 1005, '')
  })

  it('delivers messages that the peer sent before its close frame', async () => {
    const far = await scene.beginOpen()
    far.together(() => {
      far.send('last words')
      far.close(1000)
    })
    await scene.recorder.untilClosed()
    expect(scene.recorder.events).to.deep.equal(['opened', 'message', 'closed'])
  })

  it('closes with a code and a reason, which the peer receives and confirms', async () => {
    const far = await scene.beginOpen()
    scene.transport.send('before')
    scene.transport.close(4002, 'enough')
    expect(scene.transport.isOpen).to.equal(false)
    const end = await scene.recorder.untilClosed()
    expect(far.received).to.deep.equal(['before'])
    await eventually('the close frame is at the server', () => far.closeFrame !== undefined)
    expect(far.closeFrame).to.deep.equal({ code: 4002, reason: 'enough' })
    expect(end.code).to.equal(4002)
    expect(end.error).to.equal(undefined)
  })

  it('ends once if both sides close at the same time', async () => {
    const far = await scene.beginOpen()
    far.close(4003, 'there')
    scene.transport.close(4004, 'here')
    const end = await scene.recorder.untilClosed()
    await turns()
    expect(end.code).to.be.oneOf([4003, 4004])
  })

  it('reports 1006 and no error if the peer ends the stream without a close frame', async () => {
    const far = await scene.beginOpen()
    far.cut()
    expectEnd(await scene.recorder.untilClosed(), 1006, '')
  })

  it('is terminated immediately by terminate(), and reports one end with 1006 after terminate() returns', async () => {
    await scene.beginOpen()
    scene.transport.terminate()
    scene.transport.terminate()
    expect(scene.transport.isOpen).to.equal(false)
    expect(scene.recorder.ends).to.deep.equal([])
    expectEnd(await scene.recorder.untilClosed(), 1006, '')
    await turns()
  })

  it('ignores closing, terminating, pausing, and resuming once it has ended', async () => {
    const far = await scene.beginOpen()
    far.close(1000)
    await scene.recorder.untilClosed()
    scene.transport.close(1000, '')
    scene.transport.terminate()
    scene.transport.pause()
    scene.transport.resume()
    await turns()
    expect(scene.recorder.events).to.deep.equal(['opened', 'closed'])
  })

  it('accepts a send, a ping, and a pong after close() without throwing, and sends nothing', async () => {
    const far = await scene.beginOpen()
    scene.transport.close(1000, '')
    let hasBeenTold = false
    scene.transport.send('too late', () => (hasBeenTold = true))
    scene.transport.ping(Buffer.from('too late'))
    scene.transport.pong(Buffer.from('too late'))
    await scene.recorder.untilClosed()
    scene.transport.send('far too late')
    await eventually('the late send has been reported', () => hasBeenTold)
    expect(far.received).to.deep.equal([])
    expect(far.pongs).to.deep.equal([])
    expect(scene.recorder.pongs).to.deep.equal([])
  })
}
