import { createBroadcast } from './broadcast.ts'
import { subscribeLive } from './live.ts'

/** Runs once for all tabs of a browser. */

const addPort = createBroadcast(handlers => subscribeLive({ open: () => new EventSource('/api/events'), ...handlers }))

addEventListener('connect', event => {
  const [port] = (event as MessageEvent).ports
  if (port) addPort(port)
})
