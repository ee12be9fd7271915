import { STREAMS } from '@darkroom/contracts/subjects'
import type { Bus } from '@darkroom/infra/bus/bus'
import type { Database } from '@darkroom/infra/database/connection'

/** A position in the event stream. Sequences compare within one epoch only: a bus that lost its store counts from 1 again. */
export interface StreamPosition {
  epoch: number
  sequence: number
}

/** The position of the last message in the event stream, and the sequence of the first one that is still stored. */
export interface BusPosition extends StreamPosition {
  first: number
}

const MAX_READS = 5
const STALE_LEADER = 'the stream of events ends before what was published: its server is behind the cluster'

export function formatEventId({ epoch, sequence }: StreamPosition): string {
  return `${epoch}.${sequence}`
}

/** Parses the text that `formatEventId` returns; anything else gives undefined. */
export function parseEventId(text: string): StreamPosition | undefined {
  const [, epoch, sequence] = /^(\d{1,15})\.(\d{1,15})$/.exec(text) ?? []
  return epoch === undefined || sequence === undefined
    ? undefined
    : { epoch: Number(epoch), sequence: Number(sequence) }
}

/**
 * Returns the current position of the bus. If the stream's last sequence is below the highest that was published, the stream
 * has lost its tail; the next publish begins a new epoch, and the returned position is already in that epoch.
 *
 * On a cluster a lower sequence is no such sign: a server that was cut off counts as the leader of the stream for a while, and lacks the
 * messages that the others have accepted since. A relay that publishes there begins the new epoch, because that needs most of the servers.
 *
 * The epoch is read before and after the stream's bounds (optimistic read), and all of it again if it differs. It is
 * read again without a pause: the next read sees the new epoch.
 *
 * @throws Error if the epoch changed during each of the reads, or if the server that answers is behind its cluster
 */
export async function readBusPosition({
  bus,
  database,
}: {
  bus: Pick<Bus, 'eventBounds'>
  database: Database
}): Promise<BusPosition> {
  for (let reads = 0; reads < MAX_READS; reads++) {
    // In this order: a message published in between raises `last`, and not the `highest` that was read before.
    const before = await readEpoch(database)
    const { first, last, isReplicated } = await bus.eventBounds()
    const after = await readEpoch(database)
    if (isReplicated && last < before.highest) throw new Error(STALE_LEADER)
    if (before.epoch === after.epoch) {
      return { epoch: before.epoch + Number(last < before.highest), sequence: last, first }
    }
  }
  throw new Error(`bus epoch of stream ${STREAMS.events.name} changed during ${MAX_READS} reads`)
}

async function readEpoch(database: Database): Promise<{ epoch: number; highest: number }> {
  const [row] = await database<{ epoch: number; highest: number }[]>`
    select epoch, highest_sequence as highest from bus_epoch where stream = ${STREAMS.events.name}`
  return row ?? { epoch: 1, highest: 0 }
}
