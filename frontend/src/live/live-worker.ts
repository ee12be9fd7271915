import { createHub } from './broadcast.ts'
import { listen } from './live.ts'

/** Runs once for all tabs of a browser. */

const join = createHub(hearing => listen({ open: () => new EventSource('/api/events'), ...hearing }))

addEventListener('connect', event => {
  const [port] = (event as MessageEvent).ports
  if (port) join(port)
})
