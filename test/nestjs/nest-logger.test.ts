import { expect } from 'chai'
import { Logger as NestLogger } from '@nestjs/common'
import { OnMessage, WebSocketClient } from 'holdfast'
import { provideClient } from 'holdfast/nestjs'
import { closeNest, startNest } from '../support/nest-app.js'

@WebSocketClient({ url: 'ws://feed.test/', route: 'type' })
class Feed {
  @OnMessage('fail') fail(): void {
    throw new Error('boom')
  }
}

/** Starts a client that writes to Nest's log, and returns the log. */
async function linesOf(
  provider: NonNullable<Parameters<typeof startNest>[0]['providers']>[number],
): Promise<string[]> {
  const lines: string[] = []
  const write =
    (level: string) =>
    (message: string, ...rest: string[]): void => {
      lines.push([level, message, ...rest].join(' | '))
    }
  const { app, server, clock } = await startNest(
    { providers: [provider] },
    { logger: undefined, random: () => 0.5 },
  )
  app.useLogger({ log: write('log'), warn: write('warn'), error: write('error'), debug: write('debug') })
  await clock.settle()
  server.peer.send({ type: 'other' })
  server.peer.send({ type: 'fail' })
  await clock.settle()
  server.peer.drop()
  await clock.settle()
  NestLogger.overrideLogger(false)
  return lines
}

describe('ConnectionLogger', () => {
  afterEach(closeNest)

  it("writes to Nest's log, with the name of the client as the context", async () => {
    const lines = await linesOf(Feed)
    expect(lines).to.include('log | state: waiting 2000 ms before attempt 2 | Feed')
    expect(lines.find((line) => line.startsWith('warn'))).to.match(/^warn \| no handler in Feed .* \| Feed$/)
  })

  it('writes the stack of an error', async () => {
    const line = (await linesOf(Feed)).find((each) => each.startsWith('error'))
    expect(line).to.match(/^error \| handle: .*boom.* \| {5}at Feed\.fail .*\| Feed$/s)
  })

  it('uses the name of a named client', async () => {
    expect(await linesOf(provideClient(Feed, 'futures'))).to.include(
      'log | state: waiting 2000 ms before attempt 2 | futures',
    )
  })
})
