// Option functions that must be synchronous, but return a promise, which plain JavaScript allows. An `async` function is a start-up error. A promise
// from any other function is reported when it is returned. Neither counts as true, and no rejection is unhandled.
import * as H from 'holdfast'
import { FakeClock, MemoryServer } from 'holdfast/testing'
import { annotate, check, end, probe, sleep } from './support.mjs'

const late = (value) => () => Promise.resolve(value)
const refused = () => Promise.reject(new Error('unheard'))

/** Starts a client, or returns the name of the start-up error. */
async function start(options = {}, hooks = {}) {
  const [server, clock] = [new MemoryServer(), new FakeClock()]
  const probed = probe(hooks)
  const common = { transport: server.connect, clock, random: () => 0.5, heartbeat: false, logger: false }
  const starting = H.bootstrap(probed.Probe, 'ws://peer.test', { ...common, ...options })
  const settled = starting.then(
    (client) => ({ client }),
    (error) => ({ refused: error.name }),
  )
  await clock.settle()
  const errors = () => probed.seen.filter(({ kind }) => kind === 'error').map(({ error }) => error.message)
  return { server, clock, errors, ...probed, ...(await settled) }
}

const MISTAKES = {
  'an async route': { route: async () => 'type' },
  'an async unpack': { unpack: async () => [] },
  'an async concurrency.key': { concurrency: { key: async () => 1 } },
  'an async outbox.conflate': { outbox: { conflate: async () => 1 } },
  'an async heartbeat.message': { heartbeat: { message: async () => ({}) } },
  'an async heartbeat.isReply': { heartbeat: { message: () => ({}), isReply: async () => true } },
  'an async shouldReconnect': { reconnect: { shouldReconnect: async () => true } },
  'async delays': { reconnect: { delays: async () => 5 } },
  'an async codec': { codec: { encode: async () => '', decode: async () => ({}) } },
  ...Object.fromEntries(
    ['replyId', 'result', 'error', 'nextId', 'idKey', 'respond'].map((name) => [
      `an async requests.${name}`,
      { requests: { [name]: async () => undefined } },
    ]),
  ),
  'an async requests.id.read': { requests: { id: { read: async () => 1, write: (message) => message } } },
}
for (const [name, options] of Object.entries(MISTAKES)) {
  const { client, refused: by } = await start(options)
  check(by === 'StartupError', `${name} is a start-up error: ${by}`)
  await client?.connection.terminate()
}

/** Sends messages, and checks which were handled and which errors were reported. */
async function receiving(name, options, reported) {
  const { server, clock, client, count, errors } = await start(options)
  server.peer.send({ type: 'tick', id: 1 })
  await clock.advance(60_000)
  check(
    errors().some((text) => text.includes(reported)),
    `${name} is reported: ${errors()[0]}; ${count('message')} handled`,
  )
  await client.connection.terminate()
}
for (const promise of [late('tick'), refused]) {
  await receiving('a promise from route', { route: promise }, 'The route function returned a promise')
  await receiving('a promise from unpack', { unpack: promise }, 'unpack returned a promise')
  await receiving(
    'a promise from concurrency.key',
    { concurrency: { key: promise } },
    'concurrency.key function returned a promise',
  )
  await receiving(
    'a promise from decode',
    { codec: { encode: JSON.stringify, decode: promise } },
    'codec.decode returned a promise',
  )
  await receiving(
    'a promise from heartbeat.message',
    { heartbeat: { message: promise } },
    'heartbeat.message returned a promise',
  )
}

/** Sends a request, and checks its result. */
async function asking(name, options, ask, reported) {
  const { server, clock, client } = await start(options)
  const asked = Promise.resolve().then(() => ask(client.connection))
  const answer = asked.then(
    (value) => `resolves to ${JSON.stringify(value)}`,
    (error) => error.message,
  )
  await clock.settle()
  server.peer.send({ type: 'other', id: 1, result: 5 })
  await clock.advance(60_000)
  check((await answer).includes(reported), `${name}: ${await answer}`)
  await client.connection.terminate()
}
for (const promise of [late(true), refused]) {
  await asking(
    'waitFor',
    {},
    (connection) => connection.waitFor(promise),
    'match function of waitFor returned a promise',
  )
  await asking(
    'match of request',
    {},
    (connection) => connection.request({}, { match: promise }),
    'match function of a request returned a promise',
  )
  await asking(
    'match without ids',
    { requests: { id: false } },
    (connection) => connection.request({}, { match: promise }),
    'match function of a request returned a promise',
  )
  const readAll = async (connection) => {
    for await (const _ of connection.requestMany({}, { isLast: promise }));
  }
  await asking('isLast', {}, readAll, 'isLast function of requestMany returned a promise')
  for (const name of ['result', 'error', 'nextId', 'idKey']) {
    await asking(
      `requests.${name}`,
      { requests: { [name]: promise } },
      (connection) => connection.request({}),
      `requests.${name} returned a promise`,
    )
  }
  await asking(
    'requests.respond',
    { requests: { respond: promise } },
    (connection) => connection.respond({ id: 1 }, 5),
    'requests.respond returned a promise',
  )
  await asking(
    'encode of the codec',
    { codec: { encode: promise, decode: JSON.parse } },
    (connection) => connection.sendMessage({}),
    'the codec returned an instance of Promise',
  )
}

{
  const { server, clock, client, errors, count } = await start({
    reconnect: { initialDelay: 1, shouldReconnect: refused },
  })
  server.peer.drop()
  await clock.advance(10_000)
  check(
    errors().some((text) => text.includes('shouldReconnect')),
    `shouldReconnect: ${errors().join('; ')}`,
  )
  check(count('open') === 2, `and the default applies: opened ${count('open')} times`)
  await client.connection.terminate()
}

{
  const boom = () => Promise.reject(new Error('the disk is full'))
  class Failing {
    m() {
      throw new Error('x')
    }
  }
  annotate(Failing, [['m', H.OnMessage()]])
  const server = new MemoryServer()
  const client = await H.bootstrap(Failing, 'ws://peer.test', {
    transport: server.connect,
    logger: { debug: boom, info: boom, warn: boom, error: boom },
  })
  server.peer.send({})
  // An unhandled rejection would have been reported by now.
  await sleep(20)
  check(true, 'a logger that rejects has no effect')
  await client.close()
}
end()
