import { createBroadcast } from './broadcast.ts'
import { subscribeLive } from './live.ts'

/** The SharedWorker: runs once for all tabs of a browser. */

const addPort = createBroadcast(handlers => subscribeLive({ open: () => new EventSource('/api/events'), ...handlers }))

addEventListener('connect', event => {
  const [port] = (event as MessageEvent).ports
  if (port) addPort(port)
})
