import { expect } from 'chai'
import type { TransportEnd } from 'holdfast'
import { createWsTransport } from '#src/ws/ws-transport.js'
import { disposal } from '../support/disposal.js'
import {
  CLOSE,
  CONTINUATION,
  TEXT,
  closePayload,
  frame,
  startRawServer,
  upgradeAnswer,
} from '../support/raw-server.js'
import { Recorder } from '../support/recorder.js'

const LATIN1 = Buffer.from('21 \xb0C', 'latin1')
const LONG = Buffer.from(`${'x'.repeat(2_000)}\xe9`, 'latin1')

for (const fastPaths of [true, false]) {
  describe(`Text that is not UTF-8, ${fastPaths ? 'with' : 'without'} fast paths`, () => {
    const use = disposal()

    /** Connects to a server that sends these chunks and then closes. */
    async function receive(
      validateUtf8: boolean | undefined,
      ...chunks: readonly Uint8Array[]
    ): Promise<{ messages: readonly unknown[]; end: TransportEnd }> {
      const server = use(
        await startRawServer(({ socket, request }) => {
          socket.setNoDelay(true)
          socket.write(upgradeAnswer(request))
          for (const chunk of chunks) socket.write(chunk)
          socket.write(frame(CLOSE, closePayload(1000)))
        }),
      )
      const recorder = new Recorder()
      const defaults = { protocols: [], headers: {}, maxPayload: 0, maxFragments: 0, closeTimeout: 1_000 }
      const connect = createWsTransport({ fastPaths, validateUtf8 })
      const transport = connect({ url: server.url, ...defaults }, recorder)
      const end = await recorder.untilClosed()
      transport.terminate()
      return { messages: recorder.messages, end }
    }

    for (const validateUtf8 of [undefined, true]) {
      it(`closes the connection with 1007 (validateUtf8: ${validateUtf8})`, async () => {
        const { messages, end } = await receive(validateUtf8, frame(TEXT, LATIN1), frame(TEXT, 'later'))
        expect(messages).to.deep.equal([])
        expect(end.sentCode).to.equal(1007)
      })
    }

    it('is delivered with U+FFFD if validateUtf8 is false, and what follows is delivered as usual', async () => {
      const long = frame(TEXT, LONG)
      const { messages, end } = await receive(
        false,
        frame(TEXT, 'žluť 🐎'),
        Buffer.concat([frame(TEXT, LATIN1), frame(TEXT, 'ascii'), frame(TEXT, Buffer.from([0xff, 0xfe]))]),
        frame(TEXT, LATIN1, false),
        frame(CONTINUATION, 'end'),
        long.subarray(0, 700),
        long.subarray(700),
        frame(TEXT, 'the \ufffd of the peer'),
      )
      const repaired = `${'x'.repeat(2_000)}\ufffd`
      const expected = [
        'žluť 🐎',
        '21 \ufffdC',
        'ascii',
        '\ufffd\ufffd',
        '21 \ufffdCend',
        repaired,
        'the \ufffd of the peer',
      ]
      expect(messages).to.deep.equal(expected)
      expect(end).to.include({ code: 1000, sentCode: undefined, error: undefined })
    })
  })
}
