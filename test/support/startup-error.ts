import { expect } from 'chai'
import { bootstrap, StartupError } from 'holdfast'
import type { Class, ClientOptions, Mistake } from 'holdfast'
import { MemoryServer } from 'holdfast/testing'

/** Returns the `StartupError` of a start that must fail. */
export async function startupError(start: Promise<unknown>): Promise<StartupError> {
  const outcome = await start.then(
    async (started) => {
      // An open client would keep the test run from ending.
      await (started as { close?: () => Promise<unknown> }).close?.()
      return 'it started'
    },
    (thrown: unknown) => thrown,
  )
  expect(outcome).to.be.instanceOf(StartupError)
  return outcome as StartupError
}

/** Starts a class as a user would, and returns the error that lists all its mistakes. Checks that nothing has connected. */
export async function failedStart(
  target: Class,
  options: ClientOptions = { url: 'ws://peer.test' },
): Promise<StartupError> {
  const server = new MemoryServer()
  const start = bootstrap(target, { transport: server.connect, logger: false, ...options })
  const error = await startupError(start)
  expect(server.peers, 'attempts').to.have.length(0)
  return error
}

/** Starts a class that must have exactly one mistake, and returns it. */
export async function onlyMistake(target: Class, options?: ClientOptions): Promise<Mistake> {
  const { mistakes } = await failedStart(target, options)
  expect(mistakes, JSON.stringify(mistakes, undefined, 2)).to.have.length(1)
  return mistakes[0]!
}
