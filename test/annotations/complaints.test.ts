import { expect } from 'chai'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { root, run, tsc } from '../support/project.js'

const SOURCE = `
import { HandshakeError, OnError, OnMessage } from 'holdfast'
import * as z from 'zod'

const Ticker = z.object({ price: z.number() })

export class Feed {
  @OnMessage('ticker', Ticker) tick(ticker: { price: string }): void { void ticker }
  @OnError(HandshakeError) refused(error: { status: string }): void { void error }
}
`

/** Compiles the source, and returns the lines of each error. */
async function complaints(experimentalDecorators: boolean): Promise<readonly string[][]> {
  const folder = new URL('.build/complaints/', root)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const compilerOptions = { composite: false, noEmit: true, experimentalDecorators }
  const tsconfig = { extends: '../../tsconfig.base.json', compilerOptions, include: ['.'] }
  writeFileSync(new URL('tsconfig.json', folder), JSON.stringify(tsconfig))
  writeFileSync(new URL('feed.ts', folder), SOURCE)
  const { output } = await run(process.execPath, [tsc, '-p', '.', '--pretty', 'false'], folder)
  return output
    .trimEnd()
    .split(/\n(?=\S)/)
    .map((complaint) => complaint.split('\n').map((line) => line.trim()))
}

describe("The compiler's error for a wrong parameter", function () {
  this.timeout(60_000)

  for (const [dialect, isLegacy] of [
    ['legacy', true],
    ['standard', false],
  ] as const) {
    it(`ends with the two types that differ: ${dialect} decorators`, async () => {
      const lines = await complaints(isLegacy)
      expect(lines.map((complaint) => complaint.at(-1))).to.deep.equal([
        "Type 'number' is not assignable to type 'string'.",
        "Type 'undefined' is not assignable to type 'string'.",
      ])
    })
  }
})
