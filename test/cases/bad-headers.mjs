// Headers that cannot be sent. As values, they are reported at start-up. If a function returns them, the attempt is not retried indefinitely.
import * as H from 'holdfast'
import { FakeClock } from 'holdfast/testing'
import { annotate, check, end } from './support.mjs'

for (const [name, options, wanted] of [
  ['a value with a line break', { headers: { 'x-a': 'a\nb' } }, H.StartupError],
  ['a name with a blank', { headers: { 'x a': 'b' } }, H.StartupError],
  ['a function that returns such a value', { headers: () => ({ 'x-a': 'a\nb' }) }, H.ConnectOptionError],
  ['a function that returns such a name', { headers: () => ({ 'x a': 'b' }) }, H.ConnectOptionError],
  ['a function that returns no subprotocol', { protocols: () => ['a b'] }, H.ConnectOptionError],
  ['a function that returns one twice', { protocols: () => ['a', 'a'] }, H.ConnectOptionError],
]) {
  const clock = new FakeClock()
  const errors = []
  class Probe {
    message() {}
    failed(error, { fatal }) {
      errors.push(fatal)
    }
  }
  annotate(Probe, [
    ['message', H.OnMessage()],
    ['failed', H.OnError()],
  ])
  let settled
  H.bootstrap(Probe, 'ws://127.0.0.1:1', { logger: false, clock, ...options }).catch(
    (error) => (settled = error),
  )
  await clock.settle()
  await clock.advance(600_000)
  const isOnce = errors.length <= 1 && !errors.includes(false)
  const outcome = settled ?? `not settled after 10 minutes and ${errors.length} attempts`
  check(settled instanceof wanted && isOnce, `${name}: ${String(outcome).split('\n').slice(0, 2).join(' ')}`)
}
end()
