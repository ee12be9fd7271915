/**
 * Returns the id on the bus of the message of an outbox row. It contains the time, because a database restored from a backup reuses row
 * ids.
 *
 * @param row `at`: time of its creation, in microseconds since 1970
 */
export function messageId({ id, at }: { id: number; at: number }): string {
  return `ob-${id}-${at}`
}
