import { reasonOf } from '../core/error-text.js'
import { ignore, isThenable } from '../core/thenable.js'
import { EncodeError } from '../errors/message-errors.js'
import { encodeWith } from './codec.js'
import type { Codec } from './codec.js'

/** Request that a late message belongs to. */
export interface LateRequest {
  /** True once the request has settled, in which case its message is not created. */
  readonly isSettled: boolean
  /** Returns the message with the request's ID added. */
  identify(message: unknown): unknown
  /** Rejects the request, because its message could not be created. */
  fail(error: Error): void
}

const NAME = 'The message function'

/**
 * Message that is encoded only when it is passed to the socket, because a function creates it at that point or because each link has its
 * own codec.
 */
export class LateMessage {
  /** Size before encoding. */
  readonly length = 0
  /** Function that creates the message, or the message itself. Error reports contain it in place of the message. */
  readonly source: unknown
  /** False if the transport must not compress the message. */
  readonly mayCompress: boolean
  readonly #codec: Codec | undefined
  readonly #request: LateRequest | undefined

  /** @param codec used instead of the link's codec */
  constructor(source: unknown, codec?: Codec, request?: LateRequest, mayCompress = true) {
    this.source = source
    this.mayCompress = mayCompress
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
   * @returns the frame, or `undefined` if the request has already settled
   * @throws EncodeError if the function throws, if it returns a promise or nothing, or if the codec cannot encode the message
   */
  encode(codec: Codec): string | Uint8Array | undefined {
    if (this.#request?.isSettled) return undefined
    const message = typeof this.source === 'function' ? madeLate(this.source as () => unknown) : this.source
    return encodeWith(this.#codec ?? codec, this.#request ? this.#request.identify(message) : message)
  }

  /** Called if `encode` threw. */
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
 * @param name name of the function, for the error message
 * @throws EncodeError if the function throws
 */
export function madeBy(source: () => unknown, name: string): unknown {
  try {
    return source()
  } catch (thrown) {
    throw new EncodeError(`${name} threw: ${reasonOf(thrown)}`, { cause: thrown })
  }
}

/**
 * Returns the message unchanged.
 *
 * @throws EncodeError if the message is a promise
 */
export function refusePromise(message: unknown, name: string): unknown {
  if (!isThenable(message)) return message
  ignore(message)
  throw new EncodeError(
    `${name} returned a promise, which cannot be sent. Await the data first, then return the message itself`,
  )
}
