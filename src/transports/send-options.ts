/** Options of a single message. */
export interface SendOptions {
  /**
   * Whether to compress the message, if compression was negotiated. `false` saves time for data that is already compressed. Has no effect
   * without the `compression` option.
   *
   * @default true
   */
  readonly compress?: boolean | undefined
}

/** Options of a message that is not compressed. */
export const UNCOMPRESSED: SendOptions = { compress: false }

/** Returns the options of a message in the form in which they are kept; `undefined` if they are the defaults. */
export function keptOptions(options: SendOptions | undefined): SendOptions | undefined {
  return options?.compress === false ? UNCOMPRESSED : undefined
}
