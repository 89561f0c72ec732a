/** After so many milliseconds a fact that has not come true is taken for missing; generous, for busy machines. */
const PATIENCE = 20_000

/** Lets one turn of the event loop pass: what the network had ready has been read by then. */
export function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}

/** Lets so many turns pass that what has reached this machine has certainly been read: to prove that something did not happen. */
export async function turns(count = 20): Promise<void> {
  for (let index = 0; index < count; index += 1) await turn()
}

/**
 * Waits for a fact, and looks anew at each turn of the event loop.
 *
 * @param fact what is waited for, for the error
 */
export async function eventually(fact: string, isTrue: () => boolean): Promise<void> {
  const deadline = performance.now() + PATIENCE
  while (!isTrue()) {
    if (performance.now() > deadline) throw new Error(`Never came true: ${fact}`)
    await turn()
  }
}
