import type { Handshake, TransportEnd, TransportListener } from 'holdfast'
import { eventually } from './eventually.js'

/** A transport listener that records all events from the start. */
export class Recorder implements TransportListener {
  /** Names of the events, in order. */
  readonly events: string[] = []
  readonly handshakes: Handshake[] = []
  readonly messages: (string | Uint8Array)[] = []
  readonly pings: Uint8Array[] = []
  readonly pongs: Uint8Array[] = []
  readonly ends: TransportEnd[] = []
  /** Called with each message after it was recorded. */
  afterMessage: ((data: string | Uint8Array) => void) | undefined

  onOpen(handshake: Handshake): undefined {
    this.events.push('opened')
    this.handshakes.push(handshake)
  }

  onMessage(data: string | Uint8Array): void {
    this.events.push('message')
    this.messages.push(data)
    this.afterMessage?.(data)
  }

  onPing(data: Uint8Array): void {
    this.events.push('ping')
    this.pings.push(data)
  }

  onPong(data: Uint8Array): void {
    this.events.push('pong')
    this.pongs.push(data)
  }

  onClose(end: TransportEnd): void {
    this.events.push('closed')
    this.ends.push(end)
  }

  async untilOpened(): Promise<void> {
    await eventually('the transport has opened', () => this.handshakes.length > 0)
  }

  async untilMessages(count: number): Promise<void> {
    await eventually(`${count} messages have arrived`, () => this.messages.length >= count)
  }

  /** Waits for the end, and returns it. */
  async untilClosed(): Promise<TransportEnd> {
    await eventually('the transport has closed', () => this.ends.length > 0)
    return this.ends[0] as TransportEnd
  }
}
