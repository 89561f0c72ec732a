import { toError } from '../core/error-text.js'

/** Instances to dispose of together. */
export class Disposables {
  /** perf: saves 150 B per idle connection. */
  #made: Set<object> | undefined

  /** Records an instance if it can be disposed of. */
  add(instance: object): void {
    if (!disposerOf(instance)) return
    this.#made ??= new Set()
    this.#made.add(instance)
  }

  /** Disposes of all instances, in reverse order. A failure does not stop the others. */
  async dispose(): Promise<Error[]> {
    const errors: Error[] = []
    const made = [...(this.#made ?? [])].reverse()
    this.#made = undefined
    for (const each of made) {
      try {
        await disposerOf(each)?.call(each)
      } catch (thrown) {
        errors.push(toError(thrown))
      }
    }
    return errors
  }
}

/** Returns the method that disposes of an instance: `dispose()` (as in tsyringe), `[Symbol.asyncDispose]()` or `[Symbol.dispose]()`. */
function disposerOf(instance: object): (() => unknown) | undefined {
  const {
    dispose,
    [Symbol.asyncDispose]: asyncDispose,
    [Symbol.dispose]: syncDispose,
  } = instance as {
    dispose?: () => unknown
    [Symbol.asyncDispose]?: () => unknown
    [Symbol.dispose]?: () => unknown
  }
  // A `dispose` method that has parameters disposes of something else.
  if (typeof dispose === 'function' && dispose.length === 0) return dispose
  return [asyncDispose, syncDispose].find((each) => typeof each === 'function')
}
