import { expect } from 'chai'
import { bootstrap, defineHandlers } from 'holdfast'
import { jsonCodec } from 'holdfast/codecs'
import type { ConnectionOptions } from 'holdfast'
import { ClientBuilder } from '#src/app/client-builder.js'
import { START_OPTIONS } from '#src/app/client.js'
import { PlainFactory } from '#src/app/plain-factory.js'
import { fillIn } from '#src/options/fill-in.js'
import { keepSettings, knownSettings } from '#src/options/shared-settings.js'
import { rejection } from '../support/rejection.js'

const URL_OF_ALL = 'ws://peer.test'

describe('The settings of the last client of a class', () => {
  class Feed {}
  const delays = [100, 200]
  const shouldReconnect = (): boolean => true
  const subscribe = (topics: readonly unknown[]): unknown => topics

  function options(): ConnectionOptions {
    return {
      url: URL_OF_ALL,
      codec: jsonCodec,
      highWaterMark: 10,
      concurrency: { key: 'id', limit: 2 },
      heartbeat: { interval: 1_000, timeout: 500 },
      outbox: { limit: 5 },
      periodic: { interval: 1_000, message: 'alive' },
      reconnect: { delays, shouldReconnect },
      requests: { timeout: 100 },
      subscriptions: { subscribe, ackTimeout: 100 },
    }
  }

  const settings = fillIn(options(), URL_OF_ALL)

  beforeEach(() => keepSettings(Feed, options(), settings))

  it('are reused for the next client with the same options', () => {
    expect(knownSettings(Feed, options())).to.equal(settings)
  })

  it('are not reused for another class', () => {
    expect(knownSettings(class Other {}, options())).to.equal(undefined)
  })

  const differing: Readonly<Record<string, ConnectionOptions>> = {
    'another URL': { ...options(), url: 'ws://other.test' },
    'another number': { ...options(), highWaterMark: 11 },
    'an additional option': { ...options(), maxAge: 1_000 },
    'one option fewer, and another one': { ...options(), highWaterMark: undefined, maxAge: 1_000 },
    'another function': { ...options(), codec: { ...jsonCodec } },
    'headers that are equal but not identical': { ...options(), headers: {} },
    'a group that is off': { ...options(), heartbeat: false },
    'another time in a group': { ...options(), heartbeat: { interval: 1_000, timeout: 501 } },
    'one time fewer in a group': { ...options(), heartbeat: { interval: 1_000 } },
    'another function in a group': { ...options(), reconnect: { delays, shouldReconnect: () => true } },
    'another list in a group': { ...options(), reconnect: { delays: [...delays], shouldReconnect } },
    'another key': { ...options(), concurrency: { key: 'name', limit: 2 } },
    'another time of requests': { ...options(), requests: { timeout: 101 } },
    'another time of subscriptions': { ...options(), subscriptions: { subscribe, ackTimeout: 101 } },
    'another limit of the outbox': { ...options(), outbox: { limit: 6 } },
  }

  for (const [what, others] of Object.entries(differing)) {
    it(`are not reused for a client with ${what}`, () => {
      expect(knownSettings(Feed, others)).to.equal(undefined)
      keepSettings(Feed, others, fillIn(others, URL_OF_ALL))
      expect(knownSettings(Feed, options())).to.equal(undefined)
    })
  }

  for (const group of [
    'concurrency',
    'heartbeat',
    'outbox',
    'reconnect',
    'requests',
    'subscriptions',
  ] as const) {
    it(`are not reused for a client whose ${group} option was changed in place`, () => {
      const given = options()
      keepSettings(Feed, given, settings)
      expect(knownSettings(Feed, given)).to.equal(settings)
      Object.assign(given[group] as object, { limit: 1, timeout: 1, maxAttempts: 1, ackTimeout: 1 })
      expect(knownSettings(Feed, given)).to.equal(undefined)
    })
  }

  it('are used by a client without reading its options again', async () => {
    class Started {
      message(): void {}
    }
    defineHandlers(Started, { message: 'message' })
    const asked: string[] = []
    const known = fillIn({ reconnect: false }, () => {
      asked.push('the url of the known settings')
      throw new Error('no url today')
    })
    keepSettings(Started, { url: URL_OF_ALL, logger: false }, known)
    const error = await rejection(bootstrap(Started, URL_OF_ALL, { logger: false }))
    expect(error).to.be.instanceOf(Error).with.property('message').that.includes('no url today')
    expect(asked).to.deep.equal(['the url of the known settings'])
  })

  it('do not hide a bootstrap option in a client of a module', async () => {
    class Started {
      message(): void {}
    }
    defineHandlers(Started, { message: 'message' })
    const given = { url: URL_OF_ALL, shutdownSignals: true }
    const builder = new ClientBuilder(Started, new PlainFactory(), [given])
    expect(builder.check(START_OPTIONS)).to.deep.equal([])
    void builder.build()
    const mistakes = await new ClientBuilder(Started, new PlainFactory(), [given]).check([])
    expect(mistakes.map(({ place }) => place)).to.deep.equal(['options.shutdownSignals'])
  })
})
