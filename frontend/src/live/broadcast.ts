import type { Generation } from '@darkroom/contracts/generation'
import type { LiveStatus, StreamHandlers } from './live.ts'
import type { ShownPreview } from './shown-preview.ts'

/** A message to a tab. */
export type BroadcastMessage =
  | { type: 'status'; status: LiveStatus }
  | { type: 'generation'; generation: Generation }
  | { type: 'removed'; id: string }
  | { type: 'preview'; preview: ShownPreview }
  | { type: 'connection' }
  | { type: 'models' }
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
export function createBroadcast(subscribe: (handlers: StreamHandlers) => () => void): (port: TabPort) => void {
  const ports = new Set<TabPort>()
  let status: LiveStatus = 'connecting'
  let closeStream: (() => void) | undefined

  function broadcast(message: BroadcastMessage) {
    for (const port of ports) port.postMessage(message)
  }

  const handlers: StreamHandlers = {
    onGeneration: generation => broadcast({ type: 'generation', generation }),
    onRemoved: id => broadcast({ type: 'removed', id }),
    // Its image is shared by all tabs: a blob is not copied.
    onPreview: preview => broadcast({ type: 'preview', preview }),
    onGap: () => broadcast({ type: 'gap' }),
    onConnection: () => broadcast({ type: 'connection' }),
    onModels: () => broadcast({ type: 'models' }),
    onStatus: now => {
      status = now
      broadcast({ type: 'status', status })
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
    if (closeStream) port.postMessage({ type: 'status', status })
    closeStream ??= subscribe(handlers)
  }
}

/** Calls a tab's handler of a message. */
export function receiveBroadcast(message: BroadcastMessage, handlers: StreamHandlers): void {
  if (message.type === 'status') handlers.onStatus(message.status)
  if (message.type === 'generation') handlers.onGeneration(message.generation)
  if (message.type === 'removed') handlers.onRemoved(message.id)
  if (message.type === 'preview') handlers.onPreview(message.preview)
  if (message.type === 'connection') handlers.onConnection()
  if (message.type === 'models') handlers.onModels()
  if (message.type === 'gap') handlers.onGap()
}
