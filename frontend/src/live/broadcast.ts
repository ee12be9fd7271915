import type { Connection, LiveHandlers } from './live.ts'

/** A message to a tab. */
export type BroadcastMessage =
  | { type: 'connection'; connection: Connection }
  | { type: 'generation'; generation: Parameters<LiveHandlers['onGeneration']>[0] }
  | { type: 'gap' }

/** The message of a tab that is closed or suspended. */
export const LEAVE_MESSAGE = 'leave'

/** The connection to one tab: a `MessagePort`. */
export interface TabPort {
  postMessage(message: BroadcastMessage): void
  addEventListener(type: 'message', listener: (event: MessageEvent) => void): void
  start(): void
}

/**
 * Creates a broadcast of one event stream to all tabs of a browser. The stream is open while at least one tab listens. It is
 * shared because a browser opens only six connections to a studio over plain HTTP, and images need them.
 *
 * @param subscribe opens the stream and returns a function that closes it
 * @returns a function that adds a tab
 */
export function createBroadcast(subscribe: (handlers: LiveHandlers) => () => void): (port: TabPort) => void {
  const ports = new Set<TabPort>()
  let connection: Connection = 'connecting'
  let closeStream: (() => void) | undefined

  function broadcast(message: BroadcastMessage) {
    for (const port of ports) port.postMessage(message)
  }

  const handlers: LiveHandlers = {
    onGeneration: generation => broadcast({ type: 'generation', generation }),
    onGap: () => broadcast({ type: 'gap' }),
    onConnection: state => {
      connection = state
      broadcast({ type: 'connection', connection })
    },
  }

  function removePort(port: TabPort) {
    ports.delete(port)
    if (ports.size > 0) return
    closeStream?.()
    closeStream = undefined
  }

  return port => {
    ports.add(port)
    port.addEventListener('message', ({ data }) => data === LEAVE_MESSAGE && removePort(port))
    port.start()
    if (closeStream) port.postMessage({ type: 'connection', connection })
    closeStream ??= subscribe(handlers)
  }
}
