/** Opens the studio's event stream, after the event with this id, or from now on. */
export function openEventSource(lastEventId: string | undefined): EventSource {
  return new EventSource(lastEventId === undefined ? '/api/events' : `/api/events?lastEventId=${lastEventId}`)
}
