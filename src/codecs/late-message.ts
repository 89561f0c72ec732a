import { reasonOf } from '../core/error-text.js'
import { ignore, isThenable } from '../core/thenable.js'
import { EncodeError } from '../errors/message-errors.js'
import { encodeWith } from './codec.js'
import type { Codec } from './codec.js'

/** The request that a late message is, if it is one. */
export interface LateRequest {
  /** True if the request has settled: then the message is not made. */
  readonly isSettled: boolean
  /** Returns the message with the ID of the request. */
  identify(message: unknown): unknown
  /** Rejects the request: its message could not be made. */
  fail(error: Error): void
}

const NAME = 'The message function'

/**
 * A message that is encoded when it is passed to the socket: because a function makes it only then, or because each link has its own codec.
 */
export class LateMessage {
  /** Size before it is encoded. */
  readonly length = 0
  /** The function that makes it, or the message itself. It stands for the message in reports. */
  readonly source: unknown
  readonly #codec: Codec | undefined
  readonly #request: LateRequest | undefined

  /** @param codec replaces the codec of the link */
  constructor(source: unknown, codec?: Codec, request?: LateRequest) {
    this.source = source
    this.#codec = codec
    this.#request = request
  }

  /** The message, if it is there already. */
  get message(): unknown {
    return typeof this.source === 'function' ? undefined : this.source
  }

  /**
   * Makes the message, and encodes it. Called once.
   *
   * @returns `undefined` if it is a request that has been settled meanwhile
   * @throws EncodeError when the function throws, or returns a promise or nothing, or when the codec cannot encode the message
   */
  encode(codec: Codec): string | Uint8Array | undefined {
    if (this.#request?.isSettled) return undefined
    const message = typeof this.source === 'function' ? madeLate(this.source as () => unknown) : this.source
    return encodeWith(this.#codec ?? codec, this.#request ? this.#request.identify(message) : message)
  }

  /** Called when `encode` has thrown. */
  fail(error: Error): void {
    this.#request?.fail(error)
  }
}

function madeLate(source: () => unknown): unknown {
  const message = refusePromise(madeBy(source, NAME), NAME)
  if (message !== undefined) return message
  throw new EncodeError(`${NAME} returned undefined. Return the message`)
}

/**
 * Calls a function that makes a message.
 *
 * @param name the function, for the error
 * @throws EncodeError when it throws
 */
export function madeBy(source: () => unknown, name: string): unknown {
  try {
    return source()
  } catch (thrown) {
    throw new EncodeError(`${name} threw: ${reasonOf(thrown)}`, { cause: thrown })
  }
}

/**
 * Returns a message that has been made, unless it is a promise of one.
 *
 * @throws EncodeError for a promise
 */
export function refusePromise(message: unknown, name: string): unknown {
  if (!isThenable(message)) return message
  ignore(message)
  throw new EncodeError(
    `${name} returned a promise, which cannot be sent. Await the data first, then return the message itself`,
  )
}
