import { reasonOf } from '../core/error-text.js'
import { ignore, isThenable } from '../core/thenable.js'
import { EncodeError } from '../errors/message-errors.js'
import { encodeWith } from './codec.js'
import type { Codec } from './codec.js'

/** Request that a late message belongs to. */
export interface LateRequest {
  /** True if the request has settled. Its message is then not created. */
  readonly isSettled: boolean
  /** Returns the message with the ID of the request. */
  identify(message: unknown): unknown
  /** Rejects the request, because its message could not be created. */
  fail(error: Error): void
}

const NAME = 'The message function'

/** Message that is encoded only when it is passed to the socket: a function creates it at that point, or each link has its own codec. */
export class LateMessage {
  /** Size before encoding. */
  readonly length = 0
  /** Function that creates the message, or the message itself. Reports show it in place of the message. */
  readonly source: unknown
  readonly #codec: Codec | undefined
  readonly #request: LateRequest | undefined

  /** @param codec replaces the codec of the link */
  constructor(source: unknown, codec?: Codec, request?: LateRequest) {
    this.source = source
    this.#codec = codec
    this.#request = request
  }

  /** The message, if it already exists. */
  get message(): unknown {
    return typeof this.source === 'function' ? undefined : this.source
  }

  /**
   * Creates and encodes the message. Called once.
   *
   * @returns `undefined` for a request that has settled in the meantime
   * @throws EncodeError if the function throws or returns a promise or nothing, or if the codec cannot encode the message
   */
  encode(codec: Codec): string | Uint8Array | undefined {
    if (this.#request?.isSettled) return undefined
    const message = typeof this.source === 'function' ? madeLate(this.source as () => unknown) : this.source
    return encodeWith(this.#codec ?? codec, this.#request ? this.#request.identify(message) : message)
  }

  /** Called after `encode` has thrown. */
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
 * Calls a function that creates a message.
 *
 * @param name the function, for the error
 * @throws EncodeError if it throws
 */
export function madeBy(source: () => unknown, name: string): unknown {
  try {
    return source()
  } catch (thrown) {
    throw new EncodeError(`${name} threw: ${reasonOf(thrown)}`, { cause: thrown })
  }
}

/**
 * Returns a message unless it is a promise.
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
