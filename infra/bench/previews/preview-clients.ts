import { type EventStream, openEventStream, type SseEvent } from '../../testing/sse-reader.ts'
import { waitFor } from '../../testing/wait-for.ts'

/** A tab of its own browser, which reads the events of a studio. */
export interface PreviewClient {
  /** The newest version received of each generation. */
  versions: Map<string, number>
  generationEvents: number
  previews: number
  previewBytes: number
  resyncs: number
  /** Events whose position was below that of one before. */
  outOfOrder: number
  close(): void
}

const GREETING_MS = 10_000

/** Opens a number of clients, and waits until each has its position. */
export async function openPreviewClients(port: number, count: number): Promise<PreviewClient[] & Disposable> {
  const clients = await Promise.all(Array.from({ length: count }, () => openClient(port)))
  return Object.assign(clients, {
    [Symbol.dispose]: () => {
      for (const client of clients) client.close()
    },
  })
}

async function openClient(port: number): Promise<PreviewClient> {
  const seen = { versions: new Map(), generationEvents: 0, previews: 0, previewBytes: 0, resyncs: 0, outOfOrder: 0 }
  let position = -1
  const onEvent = (event: SseEvent) => {
    if (event.id !== undefined) {
      const sequence = Number(event.id.split('.')[1])
      if (sequence < position) seen.outOfOrder += 1
      position = sequence
    }
    EVENT_HANDLERS[event.name ?? '']?.(seen, event.data)
  }
  const stream: EventStream = await openEventStream({ port, onEvent })
  await waitFor('The position of a client', GREETING_MS, async () => position >= 0)
  return Object.assign(seen, { close: stream.close })
}

const EVENT_HANDLERS: Record<string, (seen: Omit<PreviewClient, 'close'>, data: string) => void> = {
  generation: (seen, data) => {
    const { id, version } = JSON.parse(data)
    seen.versions.set(id, version)
    seen.generationEvents += 1
  },
  preview: (seen, data) => {
    seen.previews += 1
    seen.previewBytes += data.length
  },
  resync: seen => {
    seen.resyncs += 1
  },
}
