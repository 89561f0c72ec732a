import { expect } from 'chai'
import type { Connect, Transport, TransportRequest } from 'holdfast'
import { Recorder } from '../support/recorder.js'

/** The server's end of one connection, whatever it is made of. */
export interface FarEnd {
  /** All messages so far: strings for text, bytes for binary. */
  readonly received: readonly (string | Uint8Array)[]
  readonly pongs: readonly Uint8Array[]
  /** The client's close frame, once it has arrived. */
  readonly closeFrame: { readonly code: number; readonly reason: string } | undefined
  send(data: string | Uint8Array): void
  ping(data: Uint8Array): void
  pong(data: Uint8Array): void
  close(code?: number, reason?: string): void
  /** Ends the stream without a close frame. */
  cut(): void
  stopReading(): void
  readOn(): void
  /** Does several things so that they travel together. */
  together(act: () => void): void
}

/** Behavior of the server for one attempt. By default it accepts. */
export interface Scenario {
  /** Sent together with the response to the handshake. */
  readonly early?: readonly string[]
  /** Subprotocol to choose. */
  readonly protocol?: string
  readonly isRefusing?: boolean
}

/** A server, and the transport that connects to it. */
export interface TransportHarness extends AsyncDisposable {
  readonly connect: Connect
  readonly url: string
  /** Headers of the latest attempt, with names in lower case. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  /** Returns the server's end of the only connection. Call it once that is open. */
  farEnd(): Promise<FarEnd>
}

/** One attempt over a transport, and everything that results from it. */
export class Scene {
  readonly #open: (scenario: Scenario) => Promise<TransportHarness>
  harness!: TransportHarness
  recorder!: Recorder
  transport!: Transport

  constructor(open: (scenario: Scenario) => Promise<TransportHarness>) {
    this.#open = open
  }

  /** Connects. `atOnce` runs in the same tick. */
  async begin(
    scenario: Scenario = {},
    request: Partial<TransportRequest> = {},
    atOnce: () => void = () => undefined,
  ): Promise<void> {
    this.harness = await this.#open(scenario)
    this.recorder = new Recorder()
    const defaults = { protocols: [], headers: {}, maxPayload: 0, maxFragments: 0, closeTimeout: 5_000 }
    this.transport = this.harness.connect({ url: this.harness.url, ...defaults, ...request }, this.recorder)
    atOnce()
    expect(this.recorder.events, 'nothing is reported from within connect').to.deep.equal([])
  }

  /** Connects, and waits until the transport has opened. Returns the other end. */
  async beginOpen(scenario: Scenario = {}, request: Partial<TransportRequest> = {}): Promise<FarEnd> {
    await this.begin(scenario, request)
    await this.recorder.untilOpened()
    return this.harness.farEnd()
  }

  /** Ends whatever is left, and checks the properties of every end. */
  async end(): Promise<void> {
    this.transport.terminate()
    await this.recorder.untilClosed()
    expect(this.recorder.ends, 'the end is reported once').to.have.lengthOf(1)
    expect(this.recorder.events.at(-1), 'the end is reported last').to.equal('closed')
    expect(this.transport.isOpen).to.equal(false)
    await this.harness[Symbol.asyncDispose]()
  }
}
