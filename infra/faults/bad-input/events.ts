import { sleep, withDeadline } from '../../src/runtime/timers.ts'
import { type EventStream, openEventStream, type SseEvent } from '../../testing/sse-reader.ts'

/** Invalid `Last-Event-ID`s. Each is answered by `resync`. */
export const BAD_EVENT_IDS = [
  '',
  'abc',
  '1',
  '1.',
  '.1',
  '1.1.1',
  '-1.1',
  '1.-1',
  '1e3.1',
  '0x1.1',
  '1.99999999999999999999',
  '99.1',
  '1 or 1=1',
  '../../etc/passwd',
  'a'.repeat(4_000),
  '\u00e9',
]

const [EVENT_TIMEOUT_MS, RETRY_MS] = [60_000, 50]

/** Returns the first event of a stream that is opened with this `Last-Event-ID`. */
export async function readFirstEvent(port: number, lastEventId: string): Promise<SseEvent> {
  const { promise, resolve, reject } = Promise.withResolvers<SseEvent>()
  const onEvent = (event: SseEvent) => (event.name === undefined ? undefined : resolve(event))
  const onClose = () => reject(new Error('the stream was closed'))
  const events = await openEventStream({ port, lastEventId, onEvent, onClose })
  return await withDeadline(promise, { milliseconds: EVENT_TIMEOUT_MS, operation: 'the first event' }).finally(() =>
    events.close(),
  )
}

/**
 * Opens streams, each of which has received its first event. A stream that was closed just before may still count, so one that is refused is
 * opened again.
 *
 * @throws the deadline's reason when there is no room for them
 */
export async function openStreams(port: number, count: number): Promise<EventStream[]> {
  const deadline = AbortSignal.timeout(EVENT_TIMEOUT_MS)
  return await Promise.all(Array.from({ length: count }, () => openStream(port, deadline)))
}

async function openStream(port: number, deadline: AbortSignal): Promise<EventStream> {
  for (;;) {
    const { promise, resolve } = Promise.withResolvers<'open' | 'refused'>()
    const options = { onEvent: () => resolve('open'), onClose: () => resolve('refused') }
    const events = await openEventStream({ port, ...options })
    const outcome = await withDeadline(promise, { milliseconds: EVENT_TIMEOUT_MS, operation: 'a greeting' })
    if (outcome === 'open') return events
    await sleep(RETRY_MS, deadline)
    deadline.throwIfAborted()
  }
}
