import { withDeadline } from '../../src/runtime/timers.ts'
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

const EVENT_TIMEOUT_MS = 10_000

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

/** Opens streams, each of which has received its first event. */
export async function openStreams(port: number, count: number): Promise<EventStream[]> {
  const opened = Array.from({ length: count }, async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const events = await openEventStream({ port, onEvent: () => resolve() })
    await withDeadline(promise, { milliseconds: EVENT_TIMEOUT_MS, operation: 'a greeting' })
    return events
  })
  return await Promise.all(opened)
}
