import { expect } from 'chai'
import { fileURLToPath } from 'node:url'
import { root, run } from '../support/project.js'

const PROGRAM = fileURLToPath(new URL('.build/test/support/without-peers.js', root))
const TALK = '{"type":"hello"} true'

async function lines(...args: readonly string[]): Promise<readonly string[]> {
  const { code, output } = await run(process.execPath, args)
  expect(code, output).to.equal(0)
  return output.trim().split('\n')
}

describe("The compiler's types", () => {
  it('are recorded without reflect-metadata', async () => {
    expect(await lines(PROGRAM)).to.deep.equal([TALK])
  })

  it('remain readable if reflect-metadata is loaded later and takes over recording', async () => {
    expect(await lines(PROGRAM, 'reflect-later')).to.deep.equal([TALK, TALK])
  })

  it('are recorded by reflect-metadata if it is loaded first', async () => {
    expect(await lines('--import', 'reflect-metadata', PROGRAM)).to.deep.equal([TALK])
  })
})
