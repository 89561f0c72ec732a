import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import { Connection, OnMessage, WebSocketClient, bootstrap } from 'holdfast'
import type { ConnectionDiagnostic, DiagnosticChannels } from 'holdfast'
import { startTestServer } from 'holdfast/testing'
import { deferred } from '#src/core/deferred.js'
import { DIAGNOSTIC_CHANNELS } from '../support/channel-names.js'
import { eventually } from '../support/eventually.js'
import { listenTo } from '../support/heard.js'

@WebSocketClient({
  name: 'story',
  heartbeat: false,
  logger: false,
  highWaterMark: 1,
  reconnect: { initialDelay: 20, maxDelay: 20 },
})
class Story {
  readonly handled: string[] = []
  readonly gate = deferred<undefined>()

  constructor(readonly connection: Connection) {}

  @OnMessage('slow')
  async slow(): Promise<void> {
    await this.gate.promise
    this.handled.push('slow')
  }

  @OnMessage('bad')
  bad(): never {
    this.handled.push('bad')
    throw new RangeError('too much')
  }
}

/** Facts and measurements that differ from run to run. */
const VARYING = [
  'connection',
  'client',
  'class',
  'serverAddress',
  'serverPort',
  'attempt',
  'duration',
  'delay',
]

/** Describes an event on one line: the channel, the number of the link, and everything that is the same in every run. */
function lineOf(channel: keyof DiagnosticChannels, event: ConnectionDiagnostic): string {
  const { connectionNumber, ...data } = event
  const { error, preview } = event as { error?: { name: string }; preview?: string }
  const details = Object.entries({
    ...data,
    error: channel.includes('handler') ? undefined : error?.name,
    preview: preview === '' ? undefined : preview,
  })
    .filter(([name, value]) => value !== undefined && !VARYING.includes(name))
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
  return [channel.replace(/^(tracing:)?holdfast:/, ''), connectionNumber, ...details].join(' ')
}

function count(items: readonly string[], item: string): number {
  return items.filter((each) => each === item).length
}

/** Returns a port on which nothing listens. */
async function freePort(): Promise<number> {
  const holder = createServer().listen(0, '127.0.0.1')
  await once(holder, 'listening')
  const { port } = holder.address() as AddressInfo
  holder.close()
  await once(holder, 'close')
  return port
}

describe('The channels', () => {
  it('tell the story of a connection: refused, opened, slow, dropped, reconnected, closed', async () => {
    const port = await freePort()
    using heard = listenTo(...DIAGNOSTIC_CHANNELS)
    const starting = bootstrap(Story, `ws://127.0.0.1:${port}/feed?token=s3cr3t`)
    await eventually('the first attempt is refused', () => heard.channels.includes('holdfast:delay'))
    const server = await startTestServer(undefined, { port })
    const client = await starting
    const { connection, handled } = client.instance
    const peer = await server.connection(1)
    for (const type of ['slow', 'bad']) peer.send({ type })
    await eventually('the socket is paused', () => count(heard.channels, 'holdfast:queue') === 1)
    client.instance.gate.resolve(undefined)
    await eventually('it is read again', () => count(heard.channels, 'holdfast:queue') === 2)
    expect(handled).to.deep.equal(['slow', 'bad'])
    peer.send({ type: 'other' })
    await eventually('the last message is dropped', () => heard.channels.includes('holdfast:drop'))
    void connection.sendJson({ op: 'login', token: 's3cr3t' })
    await eventually('the login arrives', () => peer.received.length === 1)
    peer.drop()
    await eventually('the connection reconnects', () => server.connections.length === 2)
    await connection.whenOpen()
    await client.close(1_000, 'done')
    await server.close()

    const story = heard.events.map((event, index) => lineOf(heard.channels[index] as never, event))
    const refused = story.indexOf('delay 0 error=ConnectFailedError')
    const opened = story.findLastIndex((line) => line === 'attempt 1')
    // Any number of attempts can fail before the server listens.
    expect(story.slice(0, refused + 1)).to.deep.equal([
      'attempt 0 error=ConnectFailedError',
      'delay 0 error=ConnectFailedError',
    ])
    expect(story.slice(opened)).to.deep.equal([
      'attempt 1',
      'state 1 from=connecting to=opening',
      'state 1 from=opening to=open',
      'frame 1 direction=receive type=text bytes=15 preview={"type":"slow"}',
      'message 1 message={"type":"slow"}',
      'handler:start 1 handler=Story#slow kind=message',
      'handler:end 1 handler=Story#slow kind=message',
      'frame 1 direction=receive type=text bytes=14 preview={"type":"bad"}',
      'message 1 message={"type":"bad"}',
      'queue 1 isPaused=true messages=2',
      'handler:asyncStart 1 handler=Story#slow kind=message',
      'handler:asyncEnd 1 handler=Story#slow kind=message',
      'handler:start 1 handler=Story#bad kind=message',
      'handler:error 1 handler=Story#bad kind=message',
      'handler:end 1 handler=Story#bad kind=message',
      'error 1 error=RangeError stage=handle handler=Story#bad fatal=false count=1',
      'queue 1 isPaused=false messages=0',
      'frame 1 direction=receive type=text bytes=16 preview={"type":"other"}',
      'message 1 message={"type":"other"}',
      'drop 1 reason=unhandled count=1',
      'frame 1 direction=transmit type=text bytes=31 preview={"op":"login","token":[redacted]}',
      'delay 1 error=ConnectionLostError',
      'state 1 from=open to=waiting',
      'close 1 code=1006 initiator=network willReconnect=true',
      'state 1 from=waiting to=connecting',
      'attempt 2',
      'state 2 from=connecting to=opening',
      'state 2 from=opening to=open',
      'state 2 from=open to=closing',
      'frame 2 direction=transmit type=close bytes=6 preview=1000 done',
      'frame 2 direction=receive type=close bytes=6 preview=1000 done',
      'close 2 code=1000 sentCode=1000 initiator=local willReconnect=false',
      'state 2 from=closing to=closed',
    ])
    expect(
      JSON.stringify(heard.events.filter((_, i) => heard.channels[i] !== 'holdfast:message')),
    ).to.not.include('s3cr3t')
  })
  it('include frames that are skipped in the buffer, because no handler wants them', async () => {
    const server = await startTestServer()
    const client = await bootstrap(Story, server.url)
    const { connection } = client
    using heard = listenTo('holdfast:frame')
    const peer = await server.connection(1)
    for (let n = 1; n <= 3; n += 1) {
      for (let each = 0; each < 20; each += 1) peer.send({ type: 'other', each })
      await eventually('all are counted', () => connection.stats.unhandledMessages === n * 20)
    }
    expect(
      count(
        heard.events.map(({ type }) => type),
        'text',
      ),
    ).to.equal(60)
    await client.close()
    await server.close()
  })
})
