import { openEventStream, type SseEvent } from '@darkroom/infra/testing/sse-reader'

/** A client of an event stream, for tests. */
export interface SseClient {
  /** The newest version received of each generation. */
  versions: Map<string, number>
  /** The ids of the generations that are no more. */
  removed: string[]
  lastEventId: string
  /** Numbers of `generation` and `resync` events received. */
  events: number
  resyncs: number
  /** The kinds of the notices received: `connection` and `models`. */
  notices: string[]
  /** Starts to read, after a `stalled` start. */
  read(): void
  /** @throws Error if the condition does not hold within a minute */
  waitUntil(condition: () => boolean): Promise<void>
  close(): void
}

const DEADLINE_MS = 60_000

/** @param options with the state `stalled`, nothing is read before `read` is called */
export async function openSseClient(
  port: number,
  options: {
    lastEventId?: string | undefined
    state?: 'reading' | 'stalled'
    headers?: Record<string, string>
  } = {},
): Promise<SseClient> {
  const wakers = new Set<() => void>()
  const lastEventId = options.lastEventId ?? ''
  const seen: Seen = { versions: new Map(), removed: [], lastEventId, events: 0, resyncs: 0, notices: [] }
  const onEvent = (event: SseEvent) => {
    recordEvent(seen, event)
    for (const wake of wakers) wake()
  }
  const events = await openEventStream({
    port,
    lastEventId: options.lastEventId,
    headers: options.headers ?? {},
    onEvent,
  })
  if (options.state === 'stalled') events.pause()
  const waitUntil = async (condition: () => boolean) => {
    const deadline = AbortSignal.timeout(DEADLINE_MS)
    while (!condition()) {
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      const onTimeout = () =>
        reject(new Error(`condition not met within ${DEADLINE_MS} ms; received ${JSON.stringify(seen)}`))
      deadline.addEventListener('abort', onTimeout, { once: true })
      wakers.add(resolve)
      await promise.finally(() => wakers.delete(resolve))
      deadline.removeEventListener('abort', onTimeout)
    }
  }
  return Object.assign(seen, { waitUntil, read: events.resume, close: events.close })
}

type Seen = Pick<SseClient, 'versions' | 'removed' | 'lastEventId' | 'events' | 'resyncs' | 'notices'>

function recordEvent(seen: Seen, event: SseEvent): void {
  seen.lastEventId = event.id ?? seen.lastEventId
  if (event.name === 'resync') seen.resyncs++
  if (event.name === 'connection' || event.name === 'models') seen.notices.push(event.name)
  if (event.name === 'removed') seen.removed.push(JSON.parse(event.data).id)
  if (event.name !== 'generation') return
  seen.events++
  const { id, version } = JSON.parse(event.data)
  seen.versions.set(id, version)
}
