import type { BusMessage } from '@darkroom/contracts/events'
import type { Bus, PublishAck } from '../bus/bus.ts'
import type { Log } from '../log.ts'
import { failpoint } from '../runtime/failpoint.ts'
import { backoff, sleep } from '../runtime/timers.ts'
import type { Database, Queryable, Transaction } from './connection.ts'
import { transaction } from './transaction.ts'

const CHANNEL = 'outbox'
const BATCH = 64
const POLL_MS = 1_000
const PRUNE_MS = 60_000

/** Leaves a message that goes out if, and only if, the transaction commits. */
export async function enqueueMessage(tx: Queryable, subject: string, message: BusMessage): Promise<void> {
  await tx`
    with posted as (insert into outbox (subject, payload) values (${subject}, ${tx.json(message)}))
    select pg_notify(${CHANNEL}, '')`
}

/** The same for many generations that are to be worked on. */
export async function enqueueJobs(tx: Queryable, subject: string, ids: string[]): Promise<void> {
  if (ids.length === 0) return
  await tx`
    with posted as (
      insert into outbox (subject, payload)
      select ${subject}, jsonb_build_object('v', 1, 'type', 'generation.queued', 'id', id) from unnest(${ids}::uuid[]) id
    )
    select pg_notify(${CHANNEL}, '')`
}

/**
 * Publishes what was posted, until `signal` is aborted. Any number may run at once: each row is taken by one of them, and the
 * bus recognises a repeated id. A notification only wakes the relay early; it also looks once a second, because notifications
 * sent while the connection was away are lost.
 *
 * @param options `pollMs` between two looks
 */
export async function runRelay(options: {
  database: Database
  bus: Bus
  log: Log
  signal: AbortSignal
  pollMs?: number
}): Promise<void> {
  const { database, log, signal, pollMs = POLL_MS } = options
  const wakeup = createWakeup()
  const listening = await database.listen(CHANNEL, wakeup.notify, wakeup.notify)
  const pruning = setInterval(() => void prune(database).catch(err => log.warn({ err }, 'outbox not pruned')), PRUNE_MS)
  try {
    await ensureStreams(options)
    for (let failures = 0; !signal.aborted; ) {
      failures = await relayAll(options).then(
        () => 0,
        async err => {
          log[failures < 3 ? 'warn' : 'error']({ err }, 'outbox could not be relayed')
          await ensureStreams(options)
          return failures + 1
        },
      )
      const pause = failures === 0 ? pollMs : backoff(failures, { base: 200, most: 5_000 }) + 50
      await (failures === 0 ? wakeup.wait(pause, signal) : sleep(pause, signal))
    }
  } finally {
    clearInterval(pruning)
    await listening.unlisten().catch(() => {})
  }
}

/** A bus that is new, or lost its store, has no stream to publish to. One that is away is asked again after the next failure. */
async function ensureStreams({ bus, log }: { bus: Bus; log: Log }): Promise<void> {
  await bus.ensureStreams().catch(err => log.warn({ err }, 'streams not made'))
}

/** Publishes everything that waits now. */
export async function relayAll(options: { database: Database; bus: Bus }): Promise<void> {
  while ((await transaction(options.database, tx => relayBatch(tx, options.bus))) === BATCH);
}

async function relayBatch(tx: Transaction, bus: Bus): Promise<number> {
  const rows = await tx<OutboxRow[]>`
    select id, subject, payload, (extract(epoch from created_at) * 1000000)::bigint as at from outbox where published_at is null
    order by id limit ${BATCH} for update skip locked`
  if (rows.length === 0) return 0
  const before = await readEpochs(tx)
  const published = await Promise.all(rows.map(row => bus.publish(row.subject, row.payload, messageId(row))))
  await failpoint('relay-published')
  await tx`update outbox set published_at = now() where id = any(${rows.map(row => row.id)})`
  // In one order, or two relays could wait for each other.
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
  /** When, in microseconds. */
  at: number
}

/** A database that comes back from a backup gives numbers again that the bus has seen: the moment tells them apart. */
function messageId({ id, at }: OutboxRow): string {
  return `ob-${id}-${at}`
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
 * A stream began anew if it gave a sequence not above what was known before it was asked. What another relay noted since says
 * nothing: acknowledgements of two relays cross. Whoever finds that the epoch has risen meanwhile leaves it as it is.
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

async function prune(database: Database): Promise<void> {
  await database`delete from outbox where published_at < now() - interval '1 hour'`
}

/** A bell that remembers one ring, so that what happens between two waits is not missed. */
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
