import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'

/** A connection to a server that can delay the bytes from the server, one by one. */
export class HeldLine implements AsyncDisposable {
  readonly #server: Server
  #client: Socket | undefined
  #far: Socket | undefined
  #isHolding = false
  #held = Buffer.alloc(0)
  #passed = 0

  constructor(port: number) {
    this.#server = createServer((client) => {
      const far = connect(port, '127.0.0.1')
      this.#client = client.on('error', () => far.destroy())
      this.#far = far.on('error', () => client.destroy())
      client.pipe(far)
      far.on('data', (bytes) => {
        this.#held = Buffer.concat([this.#held, bytes])
        if (!this.#isHolding) this.pass(this.held)
      })
    })
  }

  async listen(): Promise<void> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** Number of server bytes that are held back. */
  get held(): number {
    return this.#held.length
  }

  /** Number of server bytes that have been forwarded. */
  get passed(): number {
    return this.#passed
  }

  /** Holds back the server's bytes from now on. Only `pass` forwards them to the client. */
  hold(): void {
    this.#isHolding = true
  }

  /** Forwards `count` of the held bytes to the client. */
  pass(count: number): void {
    this.#client?.write(this.#held.subarray(0, count))
    this.#held = this.#held.subarray(count)
    this.#passed += count
  }

  /** Sends bytes to the client that the server has not sent. */
  inject(bytes: Uint8Array): void {
    this.#client?.write(bytes)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#client?.destroy()
    this.#far?.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}

/** Opens a connection to a server on this machine. */
export async function startLine(port: number): Promise<HeldLine> {
  const line = new HeldLine(port)
  await line.listen()
  return line
}
