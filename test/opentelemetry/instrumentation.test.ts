import { diag, metrics, trace } from '@opentelemetry/api'
import type { Meter, MeterProvider } from '@opentelemetry/api'
import { expect } from 'chai'
import { channel } from 'node:diagnostics_channel'
import { HoldfastInstrumentation } from 'holdfast/opentelemetry'
import type { HoldfastInstrumentationConfig } from 'holdfast/opentelemetry'
import { disposal } from '../support/disposal.js'
import { FACTS, Telemetry, callHandler, publish } from '../support/telemetry.js'

const FRAME = { type: 'text', direction: 'receive', bytes: 5, preview: '' } as const
const ATTEMPT = { attempt: 1, duration: 500, error: undefined, statusCode: undefined }

const CHANNELS = [
  ...['state', 'attempt', 'delay', 'close', 'frame', 'message', 'request', 'queue', 'drop'],
  ...['round-trip', 'error', 'opentelemetry'],
].map((name) => `holdfast:${name}`)
const HANDLER_CHANNELS = ['start', 'end', 'asyncStart', 'asyncEnd', 'error'].map(
  (name) => `tracing:holdfast:handler:${name}`,
)

/** Returns the channels that anything listens to. */
function heard(): string[] {
  return [...CHANNELS, ...HANDLER_CHANNELS].filter((name) => channel(name).hasSubscribers)
}

/** Publishes something to every channel that an instrumentation listens to. */
function publishAll(): void {
  publish('holdfast:frame', FRAME)
  publish('holdfast:attempt', ATTEMPT)
  publish('holdfast:delay', { attempt: 1, delay: 1, error: new Error('refused') })
  publish('holdfast:drop', { reason: 'outbox', count: 1 })
  publish('holdfast:request', { duration: 1, error: undefined })
  publish('holdfast:round-trip', { duration: 1 })
  callHandler(() => undefined)
}

/** A provider that counts how often its instruments are touched. */
class CountingProvider implements MeterProvider {
  touched = 0
  callbacks = 0

  getMeter(): Meter {
    const touch = (): void => void (this.touched += 1)
    const create = () => ({ add: touch, record: touch, addCallback: touch, removeCallback: touch })
    return {
      createHistogram: create,
      createCounter: create,
      createObservableUpDownCounter: create,
      addBatchObservableCallback: () => (this.callbacks += 1),
      removeBatchObservableCallback: () => (this.callbacks -= 1),
    } as unknown as Meter
  }
}

describe('HoldfastInstrumentation', () => {
  const use = disposal()

  afterEach(() => {
    diag.disable()
    metrics.disable()
    trace.disable()
    expect(heard()).to.deep.equal([])
  })

  /** Returns the warnings that OpenTelemetry receives. */
  function warnings(): string[] {
    const received: string[] = []
    const ignored = (): void => {}
    const warn = (message: string): void => void received.push(message)
    diag.setLogger({ error: ignored, warn, info: ignored, debug: ignored, verbose: ignored })
    return received
  }

  async function consumed(telemetry: Telemetry): Promise<number | undefined> {
    return (await telemetry.points('messaging.client.consumed.messages'))[0]?.value
  }

  it('has a name and a version', () => {
    const instrumentation = new HoldfastInstrumentation({ enabled: false })
    expect(instrumentation.instrumentationName).to.equal('holdfast/opentelemetry')
    expect(instrumentation.instrumentationVersion).to.match(/^\d+[.]\d+[.]\d+/)
  })

  describe('#enable', () => {
    it('is called by the constructor, unless enabled is false', () => {
      const instrumentation = new HoldfastInstrumentation({ enabled: false })
      expect(heard()).to.deep.equal([])
      instrumentation.enable()
      expect(heard()).to.include('holdfast:frame')
      instrumentation.disable()
      const enabled = new HoldfastInstrumentation()
      expect(heard()).to.include('holdfast:frame')
      enabled.disable()
    })

    it('records once, even if it is called twice', async () => {
      const telemetry = use(new Telemetry())
      telemetry.instrumentation.enable()
      publish('holdfast:frame', FRAME)
      expect(await consumed(telemetry)).to.equal(1)
    })

    it('uses the global providers if none were set', async () => {
      const telemetry = use(new Telemetry())
      telemetry.instrumentation.disable()
      metrics.setGlobalMeterProvider(telemetry.meterProvider)
      trace.setGlobalTracerProvider(telemetry.tracerProvider)
      const instrumentation = new HoldfastInstrumentation({ spans: 'connections' })
      publish('holdfast:frame', FRAME)
      publish('holdfast:attempt', ATTEMPT)
      instrumentation.disable()
      expect(await consumed(telemetry)).to.equal(1)
      expect(telemetry.spans).to.have.length(1)
    })

    it('does not listen to decoded messages, which would make Holdfast decode unwanted ones', () => {
      use(new Telemetry({ spans: 'messages' }))
      expect(heard()).to.not.include('holdfast:message')
    })

    it('listens to no handlers for spans unless they are wanted', () => {
      const telemetry = use(new Telemetry({ spans: 'connections' }))
      telemetry.instrumentation.disable()
      expect(heard()).to.deep.equal([])
    })
  })

  describe('#disable', () => {
    it('touches no instrument and no span afterwards', () => {
      const meters = new CountingProvider()
      const telemetry = use(new Telemetry({ spans: 'messages' }))
      telemetry.instrumentation.setMeterProvider(meters)
      publishAll()
      expect(meters).to.include({ touched: 9, callbacks: 1 })
      expect(telemetry.spans).to.have.length(2)

      telemetry.instrumentation.disable()
      expect(heard()).to.deep.equal([])
      publishAll()
      expect(meters).to.include({ touched: 9, callbacks: 0 })
      expect(telemetry.spans).to.have.length(2)
    })

    it('can be followed by enable()', async () => {
      const telemetry = use(new Telemetry())
      telemetry.instrumentation.disable()
      publish('holdfast:frame', FRAME)
      telemetry.instrumentation.enable()
      publish('holdfast:frame', FRAME)
      expect(await consumed(telemetry)).to.equal(1)
    })

    it('is kept when providers and options are set', () => {
      const telemetry = use(new Telemetry())
      telemetry.instrumentation.disable()
      telemetry.instrumentation.setMeterProvider(telemetry.meterProvider)
      telemetry.instrumentation.setTracerProvider(telemetry.tracerProvider)
      telemetry.instrumentation.setConfig({ spans: 'messages' })
      expect(heard()).to.deep.equal([])
    })
  })

  describe('#setMeterProvider', () => {
    it('moves all metrics to the new provider, for SDKs that set it after they register', async () => {
      const [before, after] = [use(new Telemetry()), use(new Telemetry({ enabled: false }))]
      after.instrumentation.disable()
      before.instrumentation.setMeterProvider(after.meterProvider)
      publish('holdfast:frame', FRAME)
      expect(await consumed(before)).to.equal(undefined)
      expect(await consumed(after)).to.equal(1)
    })
  })

  describe('#setConfig', () => {
    it('turns spans on and off', () => {
      const telemetry = use(new Telemetry())
      const { instrumentation } = telemetry
      instrumentation.setConfig({ spans: 'messages' })
      expect(instrumentation.getConfig()).to.deep.equal({ enabled: true, spans: 'messages' })
      callHandler(() => undefined)
      instrumentation.setConfig({ spans: false })
      callHandler(() => undefined)
      expect(telemetry.spans).to.have.length(1)
    })

    const mistakes: [HoldfastInstrumentationConfig, string][] = [
      [
        { spans: 'all' as never },
        "HoldfastInstrumentation has an invalid spans option: expected 'connections', 'messages', or false, received a string",
      ],
      [
        { spans: 'messages', propagate: {} as never },
        'HoldfastInstrumentation has an invalid propagate option: expected an object with an extract method, received a plain object',
      ],
      [
        { spans: 'messages', propagate: null as never },
        'HoldfastInstrumentation has an invalid propagate option: expected an object with an extract method, received null',
      ],
      [
        { propagate: { extract: () => undefined } },
        "HoldfastInstrumentation cannot propagate without spans for messages. Add spans: 'messages', or remove propagate",
      ],
    ]
    for (const [config, message] of mistakes) {
      it(`throws for ${JSON.stringify(config)}, as the constructor does`, () => {
        const instrumentation = new HoldfastInstrumentation({ enabled: false })
        expect(() => instrumentation.setConfig(config)).to.throw(TypeError, message)
        expect(() => new HoldfastInstrumentation(config)).to.throw(TypeError, message)
      })
    }
  })

  describe('a second instrumentation', () => {
    it('records nothing to the same providers, and warns', async () => {
      const telemetry = use(new Telemetry({ spans: 'connections' }))
      const received = warnings()
      const second = telemetry.instrument({ spans: 'connections' })
      publish('holdfast:frame', FRAME)
      publish('holdfast:attempt', ATTEMPT)
      second.disable()
      expect(await consumed(telemetry)).to.equal(1)
      expect(telemetry.spans).to.have.length(1)
      for (const kind of ['meter', 'tracer'])
        expect(received).to.include(
          `holdfast/opentelemetry: another HoldfastInstrumentation already uses this ${kind} provider. Remove one of them`,
        )
    })

    it('records to other providers', async () => {
      const [first, second] = [use(new Telemetry()), use(new Telemetry())]
      publish('holdfast:frame', FRAME)
      expect(await consumed(first)).to.equal(1)
      expect(await consumed(second)).to.equal(1)
    })

    it('takes over with enable() once the first is disabled', async () => {
      const telemetry = use(new Telemetry())
      const second = telemetry.instrument()
      telemetry.instrumentation.disable()
      second.enable()
      publish('holdfast:frame', FRAME)
      second.disable()
      expect(await consumed(telemetry)).to.equal(1)
    })
  })

  it('does not record a call that ends after it was disabled', async () => {
    const telemetry = use(new Telemetry({ spans: 'messages' }))
    let finish = (): void => {}
    const call = callHandler(() => new Promise<void>((resolve) => (finish = resolve)), FACTS)
    telemetry.instrumentation.disable()
    finish()
    await call
    expect(telemetry.spans).to.deep.equal([])
  })
})
