import { expect } from 'chai'
import { readRecording } from 'holdfast/testing'

const OPEN = '{"t":0,"d":"open","url":"ws://peer.test/"}'

describe('readRecording', () => {
  it('reads the events of a text or of lines, and ignores empty lines', () => {
    const events = [
      { t: 0, d: 'open', url: 'ws://peer.test/' },
      { t: 0.5, d: 'close', code: 1000 },
    ]
    expect(readRecording(`${OPEN}\r\n\n{"t":0.5,"d":"close","code":1000}\n`)).to.deep.equal(events)
    expect(readRecording([OPEN, '{"t":0.5,"d":"close","code":1000}'])).to.deep.equal(events)
  })

  const MISTAKES: Readonly<Record<string, string>> = {
    '{"t":0,': 'expected a JSON object, received a string',
    null: 'expected a JSON object, received null',
    '{"d":"open"}': 'expected t to be a number, received undefined',
    '{"t":0,"d":"ping"}': 'expected d to be one of open, send, recv, close, fail',
    '{"t":0,"d":"recv"}': 'a message needs text or b64, which must be a string',
    '{"t":0,"d":"send","text":5}': 'a message needs text or b64, which must be a string',
  }

  for (const [line, mistake] of Object.entries(MISTAKES)) {
    it(`names the line and the mistake of ${line}`, () => {
      const text = `Line 2 of the recording is invalid: ${mistake}`
      expect(() => readRecording([OPEN, line])).to.throw(SyntaxError, text)
    })
  }
})
