import { withDeadline } from '../../src/runtime/timers.ts'
import { type Events, openEvents, type SseEvent } from '../../testing/sse-reader.ts'

/** What a client may send for its place that is none: each is told to read everything again. */
export const BAD_PLACES = [
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

const LATE_MS = 10_000

/** The first event that a client is sent that comes with this for its place. */
export async function firstEvent(port: number, lastEventId: string): Promise<SseEvent> {
  const { promise, resolve, reject } = Promise.withResolvers<SseEvent>()
  const onEvent = (event: SseEvent) => (event.name === undefined ? undefined : resolve(event))
  const onClose = () => reject(new Error('the stream was closed'))
  const events = await openEvents({ port, lastEventId, onEvent, onClose })
  return await withDeadline(promise, { milliseconds: LATE_MS, what: 'the first event' }).finally(() => events.close())
}

/** So many streams, each of which has been greeted. */
export async function openStreams(port: number, count: number): Promise<Events[]> {
  const opened = Array.from({ length: count }, async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const events = await openEvents({ port, onEvent: () => resolve() })
    await withDeadline(promise, { milliseconds: LATE_MS, what: 'a greeting' })
    return events
  })
  return await Promise.all(opened)
}
