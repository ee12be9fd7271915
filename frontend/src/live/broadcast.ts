import type { Connection, LiveHandlers } from './live.ts'

/** What a tab is told. */
export type BroadcastMessage =
  | { type: 'connection'; connection: Connection }
  | { type: 'generation'; generation: Parameters<LiveHandlers['onGeneration']>[0] }
  | { type: 'gap' }

/** What a tab says when it is closed or put away. */
export const LEAVE_MESSAGE = 'leave'

/** A line to one tab: a `MessagePort`. */
export interface TabPort {
  postMessage(message: BroadcastMessage): void
  addEventListener(type: 'message', listener: (event: MessageEvent) => void): void
  start(): void
}

/**
 * One stream of events for all tabs of a browser, for as long as one of them listens: a browser opens only six connections to
 * a studio, and pictures need them.
 *
 * @param subscribe opens the stream; what it gives back ends it
 * @returns takes in a tab
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
