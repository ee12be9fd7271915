import { createBroadcast } from './broadcast.ts'
import { openEventSource } from './event-source.ts'
import { subscribeLive } from './live.ts'

/** The SharedWorker: runs once for all tabs of a browser. */

const addPort = createBroadcast(handlers => subscribeLive({ open: openEventSource, ...handlers }))

addEventListener('connect', event => {
  const [port] = (event as MessageEvent).ports
  if (port) addPort(port)
})
