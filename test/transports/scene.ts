import { expect } from 'chai'
import type { Connect, Transport, TransportRequest } from 'holdfast'
import { Recorder } from '../support/recorder.js'

/** The server's end of one connection, whatever it is made of. */
export interface FarEnd {
  /** Every message so far: a string for text, bytes for binary. */
  readonly received: readonly (string | Uint8Array)[]
  readonly pongs: readonly Uint8Array[]
  /** The client's close frame, once it is there. */
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

/** What the server does with an attempt, unless it simply accepts. */
export interface Scenario {
  /** Sent together with the answer to the handshake. */
  readonly early?: readonly string[]
  /** The subprotocol that is chosen. */
  readonly protocol?: string
  readonly isRefusing?: boolean
}

/** A server and the transport that leads to it. */
export interface TransportHarness extends AsyncDisposable {
  readonly connect: Connect
  readonly url: string
  /** The headers of the latest attempt, names in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** The server's end of the only connection; to be called once it is open. */
  farEnd(): Promise<FarEnd>
}

/** One attempt over a transport, and all that comes of it. */
export class Scene {
  readonly #open: (scenario: Scenario) => Promise<TransportHarness>
  harness!: TransportHarness
  recorder!: Recorder
  transport!: Transport

  constructor(open: (scenario: Scenario) => Promise<TransportHarness>) {
    this.#open = open
  }

  /** Connects; `atOnce` runs in the same tick. */
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
    expect(this.recorder.events, 'nothing is told from within connect').to.deep.equal([])
  }

  /** Connects, and waits until it has opened; returns the other end. */
  async beginOpen(scenario: Scenario = {}, request: Partial<TransportRequest> = {}): Promise<FarEnd> {
    await this.begin(scenario, request)
    await this.recorder.untilOpened()
    return this.harness.farEnd()
  }

  /** Ends whatever is left, and checks what is true of every end. */
  async end(): Promise<void> {
    this.transport.terminate()
    await this.recorder.untilClosed()
    expect(this.recorder.ends, 'the end is told once').to.have.lengthOf(1)
    expect(this.recorder.events.at(-1), 'the end is told last').to.equal('closed')
    expect(this.transport.isOpen).to.equal(false)
    await this.harness[Symbol.asyncDispose]()
  }
}
