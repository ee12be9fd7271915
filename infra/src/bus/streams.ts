import { STREAMS, type StreamKey } from '@darkroom/contracts/subjects'
import { nanos, RetentionPolicy, StorageType, type StreamConfig } from 'nats'
import { sleep } from '../runtime/timers.ts'
import { deleteUnreadableStream, STREAM_DELETION_MS, type StreamAdmin } from './corrupt-stream.ts'
import { nullIfNotFound } from './null-if-not-found.ts'

const SECOND = 1_000
const DAY = 24 * 3_600 * SECOND
const RETENTION: Record<StreamKey, { maxAge: number; maxBytes: number }> = {
  jobs: { maxAge: 7 * DAY, maxBytes: 64 * 1024 * 1024 },
  events: { maxAge: DAY, maxBytes: 64 * 1024 * 1024 },
}

/**
 * Makes the streams that are not there, brings those that are to what they should be, and deletes those that are wrecks.
 *
 * @param knownStreams the streams that were there before, as far as this process knows; those that are there are added
 * @throws Error, NatsError if not all of them are there now
 */
export async function ensureStreams(admin: StreamAdmin, knownStreams: Set<string>): Promise<void> {
  await Promise.all(
    (Object.keys(STREAMS) as StreamKey[]).map(key => ensureStream(admin, buildStreamConfig(key), knownStreams)),
  )
}

async function ensureStream(
  admin: StreamAdmin,
  config: Partial<StreamConfig> & { name: string },
  knownStreams: Set<string>,
) {
  const { name } = config
  const { streams } = admin.manager
  if (await nullIfNotFound(streams.info(name))) await streams.update(name, config)
  else {
    // It was deleted a moment ago, perhaps.
    if (knownStreams.has(name)) await sleep(STREAM_DELETION_MS, admin.signal)
    await streams.add(config).catch(() => streams.update(name, config))
  }
  knownStreams.add(name)
  await deleteUnreadableStream(admin, name)
}

function buildStreamConfig(key: StreamKey): Partial<StreamConfig> & { name: string } {
  const { name, subjects } = STREAMS[key]
  return {
    name,
    subjects: [...subjects],
    // Work-queue retention leaves acknowledged messages behind for ever after a broker was killed.
    retention: RetentionPolicy.Limits,
    storage: StorageType.File,
    max_age: nanos(RETENTION[key].maxAge),
    max_bytes: RETENTION[key].maxBytes,
    // As long as a relay may be away and still publish twice.
    duplicate_window: nanos(3_600 * SECOND),
  }
}
