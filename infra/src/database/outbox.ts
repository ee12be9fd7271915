import type { BusMessage } from '@darkroom/contracts/events'
import type { Bus, PublishAck } from '../bus/bus.ts'
import type { Log } from '../log.ts'
import { failpoint } from '../runtime/failpoint.ts'
import { RETRY_POLICIES } from '../runtime/retry-policies.ts'
import { runForever } from '../runtime/run-forever.ts'
import { sleep } from '../runtime/timers.ts'
import type { Activity } from './activity.ts'
import type { Database, Queryable, Transaction } from './connection.ts'
import { messageId } from './message-id.ts'
import { OUTBOX_CHANNEL } from './outbox-channel.ts'
import { transaction } from './transaction.ts'

const BATCH = 64
const POLL_MS = 1_000
const PRUNE_MS = 60_000
const CHECK_STREAMS_MS = 5_000

/**
 * Adds a message to the outbox. It is published if, and only if, the transaction commits.
 *
 * @param workspaceId workspace of the generation that the message is about; null if it is about the whole studio
 */
export async function enqueueMessage(
  tx: Queryable,
  subject: string,
  message: BusMessage,
  workspaceId: string | null,
): Promise<void> {
  await tx`
    with inserted as (
      insert into outbox (subject, payload, workspace_id) values (${subject}, ${tx.json(message)}, ${workspaceId})
    )
    select pg_notify(${OUTBOX_CHANNEL}, '')`
}

/** Adds a `generation.queued` message for each of the generations to the outbox. */
export async function enqueueJobs(
  tx: Queryable,
  subject: string,
  jobs: readonly { id: string; workspaceId: string }[],
): Promise<void> {
  if (jobs.length === 0) return
  const [ids, workspaces] = [jobs.map(({ id }) => id), jobs.map(({ workspaceId }) => workspaceId)]
  await tx`
    with inserted as (
      insert into outbox (subject, payload, workspace_id)
      select ${subject}, jsonb_build_object('v', 1, 'type', 'generation.queued', 'id', id), workspace
      from unnest(${ids}::uuid[], ${workspaces}::uuid[]) queued (id, workspace)
    )
    select pg_notify(${OUTBOX_CHANNEL}, '')`
}

/** Adds a `generation.changed` message for each of the generations to the outbox, each with the subject of its workspace. */
export async function enqueueChanges(
  tx: Queryable,
  changes: readonly { id: string; workspaceId: string; subject: string }[],
): Promise<void> {
  if (changes.length === 0) return
  const [subjects, ids] = [changes.map(({ subject }) => subject), changes.map(({ id }) => id)]
  const workspaces = changes.map(({ workspaceId }) => workspaceId)
  await tx`
    with inserted as (
      insert into outbox (subject, payload, workspace_id)
      select subject, jsonb_build_object('v', 1, 'type', 'generation.changed', 'id', id), workspace
      from unnest(${subjects}::text[], ${ids}::uuid[], ${workspaces}::uuid[]) changed (subject, id, workspace)
    )
    select pg_notify(${OUTBOX_CHANNEL}, '')`
}

/**
 * Publishes the messages of the outbox until `signal` is aborted. Any number of relays may run at once: each row is locked by one of
 * them, and the bus detects a repeated id. A notification only wakes the relay early. It also polls about once a second, because
 * notifications that are sent while no connection listens are lost; rarely in a quiet studio, where they are known to arrive.
 *
 * A relay also looks after the streams: it creates those that a bus has lost, and deletes corrupt ones.
 *
 * @param options `foreignSubjects`: subjects that this process may not publish to; another relay publishes their messages.
 *   `pollMs`: average time between two polls, in ms
 */
export async function runRelay(options: {
  database: Database
  bus: RelayBus
  foreignSubjects?: readonly string[]
  activity: Pick<Activity, 'isQuiet' | 'wait' | 'subscribe' | 'reportMissed'>
  log: Log
  signal: AbortSignal
  pollMs?: number
}): Promise<void> {
  const { activity, log, signal, pollMs = POLL_MS } = options
  const wakeup = createWakeup()
  const wait = (ms: number, waitSignal: AbortSignal) =>
    activity.isQuiet() ? activity.wait(ms, waitSignal) : wakeup.wait(ms, waitSignal)
  const loop = { name: 'outbox_relay', policy: RETRY_POLICIES.outboxRelay, idleMs: pollMs, wait, log, signal }
  const unsubscribe = activity.subscribe(wakeup.notify)
  const unsubscribeBus = options.bus.onConnect(() => void ensureStreams(options))
  const checkStreams = createStreamCheck(options)
  const pruning = setInterval(() => void prune(options), PRUNE_MS)
  try {
    await ensureStreams(options)
    await runForever(loop, async () => {
      const published = await relayAll(options).catch(async error => {
        await ensureStreams(options)
        throw error
      })
      if (published > 0 && activity.isQuiet()) activity.reportMissed()
      await checkStreams()
      return 'idle'
    })
  } finally {
    clearInterval(pruning)
    unsubscribeBus()
    unsubscribe()
  }
}

type RelayBus = Pick<Bus, 'ensureStreams' | 'checkStreams' | 'onConnect' | 'publish'>

/** Creates the streams: a bus that is new, or lost its store, has none. Called again after each failure, and logs its own. */
async function ensureStreams({ bus, log }: { bus: RelayBus; log: Log }): Promise<void> {
  await bus.ensureStreams().catch(err => log.warn({ err }, 'streams_not_created'))
}

/** Returns a function that repairs corrupt streams, which report no error: at most every five seconds, however often it is called. */
function createStreamCheck(options: { bus: RelayBus; log: Log }): () => Promise<void> {
  let checkedAt = performance.now()
  return async () => {
    if (performance.now() - checkedAt < CHECK_STREAMS_MS) return
    checkedAt = performance.now()
    await options.bus.checkStreams().catch(() => ensureStreams(options))
  }
}

/** Publishes every message that is not published yet. @returns their number */
export async function relayAll(options: {
  database: Database
  bus: Pick<Bus, 'publish'>
  foreignSubjects?: readonly string[]
}): Promise<number> {
  for (let published = 0; ; ) {
    const count = await transaction(options.database, tx => relayBatch(tx, options))
    published += count
    if (count < BATCH) return published
  }
}

async function relayBatch(
  tx: Transaction,
  { bus, foreignSubjects = [] }: { bus: Pick<Bus, 'publish'>; foreignSubjects?: readonly string[] },
): Promise<number> {
  const rows = await tx<OutboxRow[]>`
    select id, subject, payload, (extract(epoch from created_at) * 1000000)::bigint as at from outbox
    where published_at is null and subject <> all(${[...foreignSubjects]}::text[])
    order by id limit ${BATCH} for update skip locked`
  if (rows.length === 0) return 0
  const before = await readEpochs(tx)
  const published = await Promise.all(rows.map(row => bus.publish(row.subject, row.payload, messageId(row))))
  await failpoint('relay-published')
  await tx`update outbox set published_at = now() where id = any(${rows.map(row => row.id)})`
  // In a fixed order: otherwise two relays could deadlock.
  const streams = [...Map.groupBy(published, ack => ack.stream)].toSorted(([one], [other]) => (one < other ? -1 : 1))
  for (const [stream, acks] of streams) {
    await recordSequences(tx, { stream, acks, before: before.get(stream) })
  }
  return rows.length
}

interface OutboxRow {
  id: number
  subject: string
  payload: BusMessage
  /** Time of creation, in microseconds since 1970. */
  at: number
}

interface StreamEpoch {
  epoch: number
  highest: number
}

async function readEpochs(tx: Transaction): Promise<Map<string, StreamEpoch>> {
  const rows = await tx<(StreamEpoch & { stream: string })[]>`
    select stream, epoch, highest_sequence as highest from bus_epoch`
  return new Map(rows.map(row => [row.stream, row]))
}

/**
 * Records the highest sequence of a stream, and a new epoch if the stream has restarted: then it assigns a sequence that is not above
 * the one known before publishing. A value that another relay has recorded since does not count, because acknowledgements of two
 * relays can cross. An epoch that has risen since is left unchanged.
 */
async function recordSequences(
  tx: Transaction,
  { stream, acks, before }: { stream: string; acks: PublishAck[]; before: StreamEpoch | undefined },
): Promise<void> {
  const { epoch, highest } = before ?? { epoch: 1, highest: 0 }
  const high = Math.max(...acks.map(ack => ack.sequence))
  const restarted = acks.some(ack => !ack.duplicate && ack.sequence <= highest)
  await tx`
    insert into bus_epoch (stream, highest_sequence) values (${stream}, ${high})
    on conflict (stream) do update set
      epoch = bus_epoch.epoch + ${restarted}::boolean::int,
      highest_sequence = case when ${restarted} then ${high} else greatest(bus_epoch.highest_sequence, ${high}) end
    where bus_epoch.epoch = ${epoch}`
}

async function prune({ database, log }: { database: Database; log: Log }): Promise<void> {
  const pruned = database`delete from outbox where published_at < now() - interval '1 hour'`
  await pruned.catch(err => log.warn({ err }, 'outbox_prune_failed'))
}

/** Creates a wakeup that remembers one notification, so that one between two waits is not missed. */
function createWakeup() {
  let notified = Promise.withResolvers<void>()
  const notify = () => notified.resolve()
  const wait = async (milliseconds: number, signal: AbortSignal) => {
    const timeout = new AbortController()
    await Promise.race([notified.promise, sleep(milliseconds, AbortSignal.any([signal, timeout.signal]))])
    timeout.abort()
    notified = Promise.withResolvers<void>()
  }
  return { notify, wait }
}
