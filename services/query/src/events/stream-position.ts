import { STREAMS } from '@darkroom/contracts/subjects'
import type { Bus } from '@darkroom/infra/bus/bus'
import type { Database } from '@darkroom/infra/database/connection'

/** A place in the events of the studio. Sequences mean something within one epoch only: a bus that lost its store begins anew. */
export interface StreamPosition {
  epoch: number
  sequence: number
}

/** Where the stream of events stands: its last message, and the first that it still has. */
export interface BusPosition extends StreamPosition {
  first: number
}

const MAX_TRIES = 5

export function formatEventId({ epoch, sequence }: StreamPosition): string {
  return `${epoch}.${sequence}`
}

/** What `idOf` gave, or undefined for anything it did not give. */
export function parseEventId(text: string): StreamPosition | undefined {
  const [, epoch, sequence] = /^(\d{1,15})\.(\d{1,15})$/.exec(text) ?? []
  return epoch === undefined || sequence === undefined
    ? undefined
    : { epoch: Number(epoch), sequence: Number(sequence) }
}

/**
 * Where the bus is now. A stream that stands before what was published has lost its tail: the next message that is published
 * begins a new epoch, and what is said here begins with it.
 *
 * @throws Error if the epoch keeps changing meanwhile
 */
export async function readBusPosition({ bus, database }: { bus: Bus; database: Database }): Promise<BusPosition> {
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    // In this order: what is published between the two makes the stream longer, and not what was known of it.
    const before = await readEpoch(database)
    const { first, last } = await bus.eventBounds()
    const after = await readEpoch(database)
    if (before.epoch === after.epoch) {
      return { epoch: before.epoch + Number(last < before.highest), sequence: last, first }
    }
  }
  throw new Error('the epoch of the bus does not stand still')
}

async function readEpoch(database: Database): Promise<{ epoch: number; highest: number }> {
  const [row] = await database<{ epoch: number; highest: number }[]>`
    select epoch, highest_sequence as highest from bus_epoch where stream = ${STREAMS.events.name}`
  return row ?? { epoch: 1, highest: 0 }
}
