/** Maximum wait for a condition, in milliseconds. It is generous because the machine can be busy. */
const TIME_LIMIT = 20_000

/** Waits for one turn of the event loop, in which all available input is read. */
export function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}

/** Waits until everything that has reached this machine has certainly been read. Use it to prove that something did not happen. */
export async function turns(count = 20): Promise<void> {
  for (let index = 0; index < count; index += 1) await turn()
}

/**
 * Waits for a condition, and checks it on every turn of the event loop.
 *
 * @param fact the condition in words, for the error
 * @param timeLimit in milliseconds
 */
export async function eventually(fact: string, isTrue: () => boolean, timeLimit = TIME_LIMIT): Promise<void> {
  const deadline = performance.now() + timeLimit
  while (!isTrue()) {
    if (performance.now() > deadline) throw new Error(`Timed out waiting until ${fact}`)
    await turn()
  }
}
