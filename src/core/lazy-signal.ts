/** Creates an AbortSignal on first access, because an AbortSignal needs more memory than all other parts of an idle link together. */
export class LazySignal {
  #controller: AbortController | undefined
  #abortedWith: Error | undefined

  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController()
      if (this.#abortedWith) this.#controller.abort(this.#abortedWith)
    }
    return this.#controller.signal
  }

  /** Aborts the signal. Later calls have no effect. */
  abort(reason: Error): void {
    this.#abortedWith ??= reason
    this.#controller?.abort(reason)
  }
}
