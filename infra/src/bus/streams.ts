import { STREAMS, type StreamKey } from '@darkroom/contracts/subjects'
import { type NatsError, nanos, RetentionPolicy, StorageType, type StreamConfig } from 'nats'
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
 * Errors of a bus with too few servers for the replicas of a stream: it is no cluster, or some of its servers are away.
 *
 * @see https://github.com/nats-io/nats-server/blob/main/server/errors.json
 */
const TOO_FEW_SERVERS_CODES: readonly number[] = [10005, 10074]
const REPLICAS = [5, 3, 1] as const

/** Wanted state of the streams. */
export interface StreamOptions {
  /** Servers that each stream is stored on: 1, 3 or 5. */
  replicas: number
  /** Streams that this process has seen before; streams that exist are added. */
  known: Set<string>
}

/**
 * Creates missing streams, updates the configuration of existing ones and deletes corrupt ones. A stream that is stored on more servers
 * than wanted is left there. Where there are too few servers, it is stored on as many as there are.
 *
 * @returns the least number of servers that any of them is stored on
 * @throws Error, NatsError if a stream is missing or was deleted
 */
export async function ensureStreams(admin: StreamAdmin, options: StreamOptions): Promise<number> {
  const keys = Object.keys(STREAMS) as StreamKey[]
  return Math.min(...(await Promise.all(keys.map(key => ensureStream(admin, buildStreamConfig(key), options)))))
}

/**
 * Deletes streams that are corrupt.
 *
 * @throws Error, NatsError if one is missing, was deleted, or is stored on fewer servers than wanted
 */
export async function checkStreams(admin: StreamAdmin, { replicas }: Pick<StreamOptions, 'replicas'>): Promise<void> {
  const stored = await Promise.all(Object.values(STREAMS).map(({ name }) => deleteUnreadableStream(admin, name)))
  if (Math.min(...stored) < replicas) throw new Error(`the streams are not stored on ${replicas} servers yet`)
}

async function ensureStream(
  admin: StreamAdmin,
  config: Partial<StreamConfig> & { name: string },
  { replicas, known }: StreamOptions,
): Promise<number> {
  const { name } = config
  const { streams } = admin.manager
  const existing = await nullIfNotFound(streams.info(name))
  // It may have been deleted a moment ago.
  if (!existing && known.has(name)) await sleep(STREAM_DELETION_MS, admin.signal)
  const present = existing?.config.num_replicas ?? 1
  const stored = await withReplicas(Math.max(replicas, present), present, async num_replicas => {
    const wanted = { ...config, num_replicas }
    if (existing) await streams.update(name, wanted)
    else await streams.add(wanted).catch(error => updateIfExists(error, () => streams.update(name, wanted)))
  })
  known.add(name)
  await deleteUnreadableStream(admin, name)
  return stored
}

/** Tries the work with the wanted number of replicas, and with fewer where there are too few servers. @returns the number that worked */
async function withReplicas(
  wanted: number,
  least: number,
  work: (replicas: number) => Promise<unknown>,
): Promise<number> {
  // What there is may be another number, which is left as it is.
  const possible = new Set([...REPLICAS.filter(count => count <= wanted && count > least), least])
  for (const replicas of possible) {
    const error = await work(replicas).then(
      () => undefined,
      (reason: unknown) => reason,
    )
    if (error === undefined) return replicas
    if (replicas === least || !hasTooFewServers(error)) throw error
  }
  return least
}

/** Updates a stream that another process has created meanwhile. @throws the error of the creation if there are too few servers */
async function updateIfExists(error: unknown, update: () => Promise<unknown>): Promise<void> {
  if (hasTooFewServers(error)) throw error
  await update()
}

function hasTooFewServers(error: unknown): boolean {
  return TOO_FEW_SERVERS_CODES.includes((error as Partial<NatsError>)?.api_error?.err_code ?? 0)
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
