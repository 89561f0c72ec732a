import { createWsTransport } from '#src/ws/ws-transport.js'
import { ROADS } from '../support/roads.js'
import { describeTransport } from '../transports/conformance.js'
import { openHarness } from './ws-harness.js'

for (const { name, scheme, socket } of ROADS) {
  const connect = createWsTransport()
  describeTransport(`WsTransport over ${name}`, (scenario) =>
    openHarness(scenario, (request, listener) => connect({ ...request, socket }, listener), scheme),
  )
}
