import { openEvents, type SseEvent } from '@darkroom/infra/testing/sse-reader'

/** A client of event streams. For tests. */
export interface SseClient {
  /** The newest version of each generation that was told. */
  versions: Map<string, number>
  lastEventId: string
  /** Events that told of a generation, and those that said to read everything again. */
  events: number
  resyncs: number
  /** Begins to read. */
  read(): void
  /** @throws Error if it is not so within 15 s */
  until(isSo: () => boolean): Promise<void>
  close(): void
}

const DEADLINE_MS = 15_000

/** @param state `stalled` reads nothing before it is told to */
export async function watchEvents(
  port: number,
  options: { lastEventId?: string | undefined; state?: 'reading' | 'stalled' } = {},
): Promise<SseClient> {
  const wakers = new Set<() => void>()
  const seen = { versions: new Map<string, number>(), lastEventId: options.lastEventId ?? '', events: 0, resyncs: 0 }
  const onEvent = (event: SseEvent) => {
    take(seen, event)
    for (const wake of wakers) wake()
  }
  const events = await openEvents({ port, lastEventId: options.lastEventId, onEvent })
  if (options.state === 'stalled') events.pause()
  const until = async (isSo: () => boolean) => {
    const deadline = AbortSignal.timeout(DEADLINE_MS)
    while (!isSo()) {
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      const late = () => reject(new Error(`not within ${DEADLINE_MS} ms; there were ${JSON.stringify(seen)}`))
      deadline.addEventListener('abort', late, { once: true })
      wakers.add(resolve)
      await promise.finally(() => wakers.delete(resolve))
      deadline.removeEventListener('abort', late)
    }
  }
  return Object.assign(seen, { until, read: events.read, close: events.close })
}

function take(seen: Pick<SseClient, 'versions' | 'lastEventId' | 'events' | 'resyncs'>, event: SseEvent): void {
  seen.lastEventId = event.id ?? seen.lastEventId
  if (event.name === 'resync') seen.resyncs++
  if (event.name !== 'generation') return
  seen.events++
  const { id, version } = JSON.parse(event.data)
  seen.versions.set(id, version)
}
