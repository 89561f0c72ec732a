/**
 * Disposes of everything that a test has opened, in reverse order, after each test of a block.
 *
 * @returns a function that registers a resource and returns it
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
