import { deferred } from '../core/deferred.js'
import type { Deferred } from '../core/deferred.js'
import { describeValue } from '../core/describe-value.js'

/** Parts of one message: all strings, or all bytes. */
export type Chunks =
  Iterable<string> | Iterable<Uint8Array> | AsyncIterable<string> | AsyncIterable<Uint8Array>

/** Message whose data comes from an iterable, one fragment per chunk. The iteration starts when the message can be sent. */
export class ChunkedMessage {
  /** Size before the iteration. */
  readonly length = 0
  /** The iterable. Error reports contain it in place of the message. */
  readonly source: Chunks
  /** False if the transport must not compress the message. */
  readonly mayCompress: boolean
  readonly #over: Deferred<void> = deferred()

  constructor(source: Chunks, mayCompress = true) {
    this.source = source
    this.mayCompress = mayCompress
  }

  /** Resolves when the last fragment has been passed to the socket, or never will be. */
  get over(): Promise<void> {
    return this.#over.promise
  }

  /** Called when the message has been sent, or never will be. */
  end(): void {
    this.#over.resolve()
  }
}

/**
 * Checks an argument of `send()` that is neither a string nor bytes. The elements of an array are checked as well.
 *
 * @throws TypeError if it cannot be sent in fragments. The error names the method to use instead
 */
export function checkChunks(data: unknown): asserts data is Chunks {
  if (!isIterable(data)) {
    throw new TypeError(
      `send() accepts a string, a Uint8Array, or an iterable of these, received ${describeValue(data)}. ` +
        'Use sendJson() or sendMessage()',
    )
  }
  if (!Array.isArray(data)) return
  let isBinary: boolean | undefined
  try {
    for (const chunk of data as readonly unknown[]) isBinary = isBinaryChunk(chunk, isBinary)
  } catch (thrown) {
    const { message } = thrown as Error
    throw new TypeError(`send() cannot send the array: ${message}. To send it as one value, use sendJson()`, {
      cause: thrown,
    })
  }
}

/** Arrays of numbers are iterable, too, but they contain no chunks. */
function isIterable(data: unknown): boolean {
  if (typeof data !== 'object' || data === null || ArrayBuffer.isView(data)) return false
  return Symbol.iterator in data || Symbol.asyncIterator in data
}

/**
 * Returns whether a chunk consists of bytes.
 *
 * @param isBinary result for the previous chunk, if there is one
 * @throws TypeError if it is neither a string nor bytes, or if it differs from the previous chunk
 */
export function isBinaryChunk(chunk: unknown, isBinary: boolean | undefined): boolean {
  const isBytes = chunk instanceof Uint8Array
  if (!isBytes && typeof chunk !== 'string')
    throw new TypeError(`expected strings or Uint8Arrays, received ${describeValue(chunk)}`)
  if (isBinary !== undefined && isBinary !== isBytes)
    throw new TypeError('a message is either text or binary, but this one contains both strings and bytes')
  return isBytes
}
