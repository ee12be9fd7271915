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
 * Creates missing streams, updates the configuration of existing ones and deletes corrupt ones.
 *
 * @param knownStreams streams that this process has seen before; streams that exist are added
 * @throws Error, NatsError if a stream is missing or was deleted
 */
export async function ensureStreams(admin: StreamAdmin, knownStreams: Set<string>): Promise<void> {
  await Promise.all(
    (Object.keys(STREAMS) as StreamKey[]).map(key => ensureStream(admin, buildStreamConfig(key), knownStreams)),
  )
}

/** Deletes streams that are corrupt. @throws Error, NatsError if one is missing or was deleted */
export async function checkStreams(admin: StreamAdmin): Promise<void> {
  await Promise.all(Object.values(STREAMS).map(({ name }) => deleteUnreadableStream(admin, name)))
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
    // It may have been deleted a moment ago.
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
    // With work-queue retention, acknowledged messages remain without end after the server was killed.
    retention: RetentionPolicy.Limits,
    storage: StorageType.File,
    max_age: nanos(RETENTION[key].maxAge),
    max_bytes: RETENTION[key].maxBytes,
    // A relay that was down for up to an hour may publish a message twice.
    duplicate_window: nanos(3_600 * SECOND),
  }
}
