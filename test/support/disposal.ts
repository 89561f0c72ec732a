/**
 * Disposes of all that a block's tests open, the last opened first, after each of them.
 *
 * @returns registers what has been opened, and returns it
 */
export function disposal(): <T extends AsyncDisposable>(resource: T) => T {
  const opened: AsyncDisposable[] = []
  afterEach(async function () {
    this.timeout(30_000)
    while (opened.length > 0) await opened.pop()?.[Symbol.asyncDispose]()
  })
  return (resource) => {
    opened.push(resource)
    return resource
  }
}
