import { expect } from 'chai'
import { outputOf } from '#src/cli/token-command.js'
import { rejection } from '../support/rejection.js'

describe('outputOf', () => {
  const { signal } = new AbortController()

  it("returns a command's output without white space around it", async () => {
    expect(await outputOf('echo "  a b "', signal)).to.equal('a b')
  })

  it('rejects with the exit code, but not with the output', async () => {
    expect(await rejection(outputOf('echo secret; exit 3', signal)))
      .to.be.an('error')
      .with.property('message', '--token-command failed with exit code 3')
  })

  it('rejects if the command prints nothing', async () => {
    expect(await rejection(outputOf('true', signal))).to.have.property(
      'message',
      '--token-command printed no token',
    )
  })

  it('rejects several lines, because they cannot be a header', async () => {
    expect(await rejection(outputOf('echo secret; echo b', signal))).to.have.property(
      'message',
      '--token-command printed several lines. It must print only the token',
    )
  })

  it('terminates the command when the attempt is abandoned', async () => {
    const attempt = new AbortController()
    const output = outputOf('exec sleep 60', attempt.signal)
    attempt.abort()
    expect(await rejection(output)).to.have.property('name', 'AbortError')
  })
})
