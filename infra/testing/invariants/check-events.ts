import type { BusAdmin } from '../studio/bus-admin.ts'
import type { GenerationSnapshot } from './generation-snapshots.ts'

/** I7: whoever follows the bus was told after the last thing that happened to each generation. */
export async function checkEvents(view: BusAdmin, generations: Map<string, GenerationSnapshot>): Promise<string[]> {
  const sent = await view.listMessageIds('events')
  return [...generations.values()].flatMap(({ id, lastNotice, happened }) => {
    const last = happened.at(-1)
    // Rows of messages that went out are thrown away after an hour.
    if (!lastNotice || !last) return []
    if (lastNotice.at < last.at) return [`I7 nothing was said of ${id} after it became ${last.to}`]
    if (lastNotice.isPublished && !sent.has(lastNotice.messageId))
      return [`I7 the last message about ${id} is not on the bus`]
    return []
  })
}
