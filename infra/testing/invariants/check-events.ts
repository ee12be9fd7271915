import type { BusAdmin } from '../studio/bus-admin.ts'
import type { GenerationSnapshot } from './generation-snapshots.ts'

/** Checks I7: an event was published after the last transition of each generation. */
export async function checkEvents(busAdmin: BusAdmin, generations: Map<string, GenerationSnapshot>): Promise<string[]> {
  const sent = await busAdmin.listMessageIds('events')
  return [...generations.values()].flatMap(({ id, lastNotice, happened }) => {
    const last = happened.at(-1)
    // The outbox deletes published rows after an hour.
    if (!lastNotice || !last) return []
    if (lastNotice.at < last.at) return [`I7 no event about ${id} after it became ${last.to}`]
    if (lastNotice.isPublished && !sent.has(lastNotice.messageId))
      return [`I7 the last message about ${id} is not on the bus`]
    return []
  })
}
