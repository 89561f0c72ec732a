import { expect } from 'chai'
import { gzipSync } from 'node:zlib'
import { DecodeError, EncodeError } from 'holdfast'
import { compressedCodec, createJsonCodec, jsonCodec, textCodec } from 'holdfast/codecs'
import type { Codec } from 'holdfast'
import { bigintJsonCodec } from 'holdfast/bigint-json'
import { msgpackCodec } from 'holdfast/msgpack'
import { ready } from '../support/rig.js'

interface Row {
  readonly codec: Codec
  /** Frames of either kind that cannot be decoded. */
  readonly bad: readonly (string | Uint8Array)[]
  /** A frame that contains 'good'. */
  readonly good: string | Uint8Array
  /** A value that cannot be sent. */
  readonly unsendable: unknown
}

const LONG = '17843232920108168701'
const bomb = gzipSync(Buffer.alloc(1_000_000, '1'))

const ROWS: Readonly<Record<string, Row>> = {
  jsonCodec: { codec: jsonCodec, bad: ['{', ''], good: '"good"', unsendable: { n: 1n } },
  'createJsonCodec with binary and a reviver': {
    codec: createJsonCodec({
      binary: true,
      reviver: (key, value) => {
        if (key === 'bad') throw new Error('no such value')
        return value
      },
    }),
    bad: ['{"bad":1}', Buffer.from('{'), Buffer.from([0x22, 0xff, 0x22]), new Uint8Array()],
    good: Buffer.from('"good"'),
    unsendable: { n: 1n },
  },
  textCodec: { codec: textCodec, bad: [], good: 'good', unsendable: { plain: true } },
  'compressedCodec with gzip': {
    codec: compressedCodec({ format: 'gzip', maxOutput: 1_000, compress: true }),
    bad: [bomb, gzipSync('{'), gzipSync('"x"').subarray(0, 15), Buffer.from('"x"'), new Uint8Array(), '{'],
    good: gzipSync('"good"'),
    unsendable: { n: 1n },
  },
  msgpackCodec: {
    codec: msgpackCodec,
    bad: ['"x"', new Uint8Array(), new Uint8Array([0xc1]), new Uint8Array([0xdd, 0xff, 0xff, 0xff, 0xff])],
    good: msgpackCodec.encode('good'),
    unsendable: { call: () => undefined },
  },
  bigintJsonCodec: {
    codec: bigintJsonCodec,
    bad: ['{', `[${LONG}`, '['.repeat(200_000) + LONG, '9'.repeat(10_000)],
    good: '"good"',
    unsendable: { toJSON: () => undefined },
  },
}

describe('An error of a codec', () => {
  for (const [name, { codec, bad, good, unsendable }] of Object.entries(ROWS)) {
    describe(`for ${name}`, () => {
      for (const frame of bad) {
        const shown = typeof frame === 'string' ? JSON.stringify(frame.slice(0, 20)) : `${frame.length} bytes`
        it(`loses only one message, and is reported with stage decode: ${shown}`, async () => {
          const { server, witness } = await ready({ codec })
          server.peer.send(frame)
          server.peer.send(good)
          expect(witness.notes.slice(1)).to.deep.equal(['error decode', 'message "good"'])
          const [{ error } = { error: undefined }] = witness.errors
          expect(error).to.be.instanceOf(DecodeError).with.property('raw', frame)
          expect(witness.connection.state.status).to.equal('open')
        })
      }

      it('is reported with stage encode if a handler returns a value that cannot be encoded', async () => {
        const { server, witness } = await ready({ codec }, { message: () => unsendable })
        server.peer.send(good)
        server.peer.send(good)
        const both = ['message "good"', 'error encode']
        expect(witness.notes.slice(1)).to.deep.equal([...both, ...both])
        expect(witness.errors[0]?.error).to.be.instanceOf(EncodeError)
        expect(server.peer.received).to.deep.equal([])
      })

      it('is thrown by the call of sendMessage', async () => {
        const { server, witness } = await ready({ codec })
        expect(() => void witness.connection.sendMessage(unsendable)).to.throw(EncodeError)
        void witness.connection.sendMessage('good')
        expect(server.peer.received).to.have.length(1)
      })
    })
  }
})
