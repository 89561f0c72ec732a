/** An AbortSignal that is made when somebody first asks for it: it weighs more than all else that an idle link has. */
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

  /** The first reason holds. */
  abort(reason: Error): void {
    this.#abortedWith ??= reason
    this.#controller?.abort(reason)
  }
}
