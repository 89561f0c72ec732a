// In the order of the tables. A workload compares clients, the rows of a table, in each of its cells. With `compares`, one client
// runs all cells, which are compared with the first one.
import { bootstrap } from './bootstrap.js'
import { dispatch } from './dispatch.js'
import { echo } from './echo.js'
import { heartbeat, idle } from './idle.js'
import { pending } from './pending.js'
import { receive } from './receive.js'
import { requests } from './requests.js'
import { send } from './send.js'
import { unwanted } from './unwanted.js'

export const workloads = [
  receive,
  unwanted,
  send,
  echo,
  requests,
  idle,
  heartbeat,
  dispatch,
  pending,
  bootstrap,
]
