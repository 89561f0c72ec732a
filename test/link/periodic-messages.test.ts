import { expect } from 'chai'
import { EncodeError } from 'holdfast'
import { jsonCodec } from 'holdfast/codecs'
import { FakeClock } from 'holdfast/testing'
import { PeriodicMessages } from '#src/link/periodic-messages.js'
import { ready } from '../support/rig.js'

const ALIVE = { type: 'KeepAlive' }
const ALIVE_TEXT = '{"type":"KeepAlive"}'

/** The messages of one link whose socket accepts them immediately, unless it holds them back. */
function rig(message: unknown, interval = 1_000) {
  const clock = new FakeClock()
  const controller = new AbortController()
  const sent: string[] = []
  const errors: Error[] = []
  const held: (() => void)[] = []
  const line = { isOpen: true, isHolding: false, isWanted: true }
  const link = {
    signal: controller.signal,
    get isOpen() {
      return line.isOpen
    },
    sendUrgent(data: string | Uint8Array, flushed: () => void): void {
      sent.push(`${clock.now()}: ${String(data)}`)
      if (line.isHolding) held.push(flushed)
      else flushed()
    },
  }
  PeriodicMessages.start({ interval, message }, link, {
    clock,
    codec: jsonCodec,
    isWanted: () => line.isWanted,
    onError: (error) => errors.push(error),
  })
  return { clock, controller, errors, held, line, sent }
}

describe('PeriodicMessages', () => {
  it('sends a message through the codec every interval, starting after one interval', async () => {
    const { clock, sent } = rig(ALIVE)
    await clock.advance(3_000)
    expect(sent).to.deep.equal([`1000: ${ALIVE_TEXT}`, `2000: ${ALIVE_TEXT}`, `3000: ${ALIVE_TEXT}`])
  })

  it('calls a function each time, and sends nothing if it returns undefined', async () => {
    let calls = 0
    const { clock, errors, sent } = rig(() => ((calls += 1) === 2 ? undefined : { calls }))
    await clock.advance(3_000)
    expect(sent).to.deep.equal(['1000: {"calls":1}', '3000: {"calls":3}'])
    expect(errors).to.deep.equal([])
  })

  it('leaves no timer running once the link is lost', async () => {
    const { clock, controller, sent } = rig(ALIVE)
    await clock.advance(1_000)
    expect(clock.timers).to.equal(1)
    controller.abort()
    expect(clock.timers).to.equal(0)
    await clock.advance(10_000)
    expect(sent).to.have.length(1)
  })

  it('ends once its link is no longer in use', async () => {
    const { clock, line, sent } = rig(ALIVE)
    line.isWanted = false
    await clock.advance(1_000)
    expect(clock.timers).to.equal(0)
    line.isWanted = true
    await clock.advance(5_000)
    expect(sent).to.deep.equal([])
  })

  it('has at most one queued message, and continues once that has been sent', async () => {
    const { clock, held, line, sent } = rig(ALIVE)
    line.isHolding = true
    await clock.advance(5_500)
    expect(sent).to.have.length(1)
    line.isHolding = false
    held[0]?.()
    await clock.advance(500)
    expect(sent).to.deep.equal([`1000: ${ALIVE_TEXT}`, `6000: ${ALIVE_TEXT}`])
  })

  it('skips messages missed during a sleep', async () => {
    const { clock, sent } = rig(ALIVE)
    await clock.jump(10_500)
    expect(sent).to.deep.equal([`10500: ${ALIVE_TEXT}`])
    await clock.advance(1_000)
    expect(sent).to.have.length(2)
  })

  it('reports a function that throws every time, and continues', async () => {
    let calls = 0
    const { clock, errors, sent } = rig(() => {
      calls += 1
      if (calls === 1) throw new Error('not yet')
      return { calls }
    })
    await clock.advance(2_000)
    expect(errors).to.have.length(1)
    expect(errors[0])
      .to.be.instanceOf(EncodeError)
      .with.property('message')
      .that.includes('periodic.message threw: not yet')
    expect(sent).to.deep.equal(['2000: {"calls":2}'])
  })

  it('reports once that a function returns a promise, and does not call it again', async () => {
    let calls = 0
    const { clock, errors, sent } = rig(() => {
      calls += 1
      return Promise.reject(new Error('not unhandled'))
    })
    await clock.advance(5_000)
    expect(calls).to.equal(1)
    expect(errors).to.have.length(1)
    expect(errors[0]?.message).to.include('periodic.message returned a promise')
    expect([sent, clock.timers]).to.deep.equal([[], 0])
  })

  it('reports a message that the codec cannot encode', async () => {
    const { clock, errors } = rig(() => Symbol('x'))
    await clock.advance(1_000)
    expect(errors[0]).to.be.instanceOf(EncodeError)
  })

  it('sends nothing if the message function closes the link', async () => {
    const { clock, line, sent } = rig(() => {
      line.isOpen = false
      return ALIVE
    })
    await clock.advance(1_000)
    expect(sent).to.deep.equal([])
  })

  it('runs together with other items, so that many links cause a single wake-up', async () => {
    const { clock, sent } = rig(ALIVE)
    const early: number[] = []
    clock.setTimeout(() => undefined, 980)
    PeriodicMessages.start(
      { interval: 980, message: ALIVE },
      { signal: new AbortController().signal, isOpen: true, sendUrgent: () => void early.push(clock.now()) },
      { clock, codec: jsonCodec, isWanted: () => true, onError: () => undefined },
    )
    await clock.advance(980)
    expect(early).to.deep.equal([980])
    expect(sent).to.deep.equal([`980: ${ALIVE_TEXT}`])
  })
})

describe('The periodic option', () => {
  const periodic = { interval: 1_000, message: ALIVE }
  const options = { periodic, heartbeat: false } as const

  it('sends once @OnOpen has completed, on every connection', async () => {
    let finish: (() => void) | undefined
    const rigged = await ready(options, {
      open: ({ isReconnect }) => {
        if (isReconnect) return new Promise<void>((resolve) => (finish = resolve))
        return undefined
      },
    })
    const { clock, server } = rigged
    await clock.advance(2_000)
    expect(server.peer.received).to.deep.equal([ALIVE_TEXT, ALIVE_TEXT])
    server.peer.drop()
    await clock.advance(5_000)
    expect(server.peers).to.have.length(2)
    expect(server.peer.received).to.deep.equal([])
    finish?.()
    await clock.advance(1_000)
    expect(server.peer.received).to.deep.equal([ALIVE_TEXT])
  })

  it('does not detect a silent server as dead', async () => {
    const { client, clock, witness } = await ready(options)
    await clock.advance(3_600_000)
    expect(client.connection.state.status).to.equal('open')
    expect(witness.errors).to.deep.equal([])
  })

  it('moves to the new link in a handover once that is ready, and stops on the old one', async () => {
    let answer: (() => void) | undefined
    const { client, clock, server } = await ready(
      { ...options, requests: {} },
      {
        open: ({ replaces }) => (replaces === undefined ? undefined : new Promise<void>((r) => (answer = r))),
      },
    )
    const [old] = server.peers
    void client.connection.request({ keeps: 'the old link' }).catch(() => undefined)
    client.connection.reconnect({ overlap: true })
    await clock.advance(1_500)
    expect(old?.received.at(-1)).to.equal(ALIVE_TEXT)
    const before = old?.received.length
    expect(server.peer.received).to.deep.equal([])
    answer?.()
    await clock.advance(3_000)
    expect(server.peer.received).to.deep.equal([ALIVE_TEXT, ALIVE_TEXT, ALIVE_TEXT])
    expect(old?.received.length).to.equal(before)
    await client.connection.terminate()
  })

  it("does not send after end()'s message", async () => {
    const { client, clock, server } = await ready({ ...options, closeTimeout: 10_000 })
    const ending = client.connection.end({ type: 'CloseStream' })
    await clock.advance(5_000)
    expect(server.peer.received).to.deep.equal(['{"type":"CloseStream"}'])
    server.peer.close(1000, '')
    await ending
    await clock.settle()
    expect(clock.timers).to.equal(0)
  })

  it('jumps ahead of messages queued by the rate limiter, within the reserve, and does not pile up', async () => {
    const { client, clock, server } = await ready({
      ...options,
      periodic: { interval: 100, message: ALIVE },
      rateLimit: { messages: 2, per: 1_000 },
    })
    for (const text of ['a', 'b', 'c']) void client.connection.send(text)
    await clock.advance(1_000)
    expect(server.peer.received).to.deep.equal(['a', ALIVE_TEXT, ALIVE_TEXT])
    expect(client.connection.bufferedAmount).to.equal('bc'.length + ALIVE_TEXT.length)
    await client.connection.terminate()
  })

  it('reports a message that cannot be created with stage "encode"', async () => {
    const message = (): never => {
      throw new Error('no token')
    }
    const { clock, witness } = await ready({ ...options, periodic: { interval: 1_000, message } })
    await clock.advance(1_000)
    expect(witness.errors[0]?.error).to.be.instanceOf(EncodeError)
    expect(witness.errors[0]?.context).to.include({ stage: 'encode', fatal: false })
  })
})
