import type { Writable } from 'node:stream'

/** An output stream, which can be a terminal. */
export interface OutputStream extends Writable {
  readonly isTTY?: boolean | undefined
}

/** The line that the user is typing, which has to make room for output. */
export interface TypedLine {
  hide(): void
  show(): void
}

/** Standard output, for messages, and standard error, for everything else. */
export class Screen {
  readonly #out: OutputStream
  readonly #err: OutputStream
  #typed: TypedLine | undefined
  #isBroken = false

  /** @param onBroken called once when messages cannot be written: because the reader has gone, as with `| head -1`, or the disk is full */
  constructor(out: OutputStream, err: OutputStream, onBroken: (error: NodeJS.ErrnoException) => void) {
    this.#out = out
    this.#err = err
    out.on('error', (error) => {
      if (this.#isBroken) return
      this.#isBroken = true
      onBroken(error)
    })
    // There is nowhere else to report an error.
    err.on('error', () => undefined)
  }

  /** Keeps a typed line below the output. */
  setTypedLine(typed: TypedLine | undefined): void {
    this.#typed = typed
  }

  /** Writes a message. Resolves when the reader keeps up. */
  async message(text: string | Uint8Array): Promise<void> {
    if (this.#isBroken) return
    const isFull = this.#aroundTypedLine(this.#out, () => !this.#out.write(text))
    if (isFull) await this.#drained()
  }

  notice(line: string): void {
    this.#aroundTypedLine(this.#err, () => this.#err.write(`${line}\n`))
  }

  /** Resolves when everything has been written. */
  async flush(): Promise<void> {
    await Promise.all([this.#out, this.#err].map(flushed))
  }

  #aroundTypedLine<T>(stream: OutputStream, write: () => T): T {
    const typed = stream.isTTY ? this.#typed : undefined
    typed?.hide()
    const result = write()
    typed?.show()
    return result
  }

  #drained(): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.#out.off('drain', done).off('error', done).off('close', done)
        resolve()
      }
      this.#out.on('drain', done).on('error', done).on('close', done)
    })
  }
}

function flushed(stream: OutputStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed || stream.errored) resolve()
    else stream.write('', () => resolve())
  })
}
