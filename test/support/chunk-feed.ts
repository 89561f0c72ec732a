type Step = { readonly value: unknown } | { readonly error: Error } | 'end'

/** An async iterable whose chunks a test provides. */
export class ChunkFeed implements AsyncIterable<string> {
  readonly #steps: Step[] = []
  #wake: (() => void) | undefined
  /** Number of calls of `next`. */
  pulls = 0
  /** Number of calls of `return`. */
  returns = 0

  push(...values: readonly unknown[]): void {
    for (const value of values) this.#add({ value })
  }

  end(): void {
    this.#add('end')
  }

  fail(error: Error): void {
    this.#add({ error })
  }

  [Symbol.asyncIterator](): AsyncIterator<string> {
    return {
      next: () => this.#next(),
      return: () => {
        this.returns += 1
        return Promise.resolve({ done: true, value: undefined })
      },
    }
  }

  #add(step: Step): void {
    this.#steps.push(step)
    this.#wake?.()
  }

  async #next(): Promise<IteratorResult<string>> {
    this.pulls += 1
    while (this.#steps.length === 0) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    const step = this.#steps.shift()
    if (step === undefined || step === 'end') return { done: true, value: undefined }
    if ('error' in step) throw step.error
    return { done: false, value: step.value as string }
  }
}
