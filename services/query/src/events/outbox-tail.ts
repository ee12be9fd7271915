import { STREAMS } from '@darkroom/contracts/subjects'
import type { Activity } from '@darkroom/infra/database/activity'
import type { Database } from '@darkroom/infra/database/connection'
import { messageId } from '@darkroom/infra/database/message-id'
import type { Log } from '@darkroom/infra/log'
import { RETRY_POLICIES } from '@darkroom/infra/runtime/retry-policies'
import { runForever } from '@darkroom/infra/runtime/run-forever'
import { sleep } from '@darkroom/infra/runtime/timers'

/** A message of the stream of events, read from the outbox. */
export interface OutboxEvent {
  subject: string
  data: unknown
}

/**
 * Events that the bus is late with, read from the outbox. A cluster whose leader died elects the next one after up to nine seconds, and one
 * that is cut off delivers nothing at all, while the rows have every event.
 */
export interface OutboxTail {
  /** Records that the bus has delivered a message. @returns whether it was read from the outbox before */
  receive(id: string | undefined): boolean
  /** Returns the events that were read from the outbox and not delivered since, oldest first. */
  listUndelivered(): OutboxEvent[]
  /** Forgets these events: every client reads everything again. */
  clearUndelivered(): void
  /** Reads until the signal is aborted. Never throws. */
  run(): Promise<void>
}

export interface OutboxTailDeps {
  database: Database
  /** Absent: it is read as often in a quiet studio. */
  activity?: Pick<Activity, 'wait'>
  log: Log
  signal: AbortSignal
  /** Whether anyone waits for events. Nothing is read otherwise. */
  isWatched(): boolean
  /** Called with events that the bus has not delivered, oldest first. After a rejection they are read again. */
  onEvents(events: readonly OutboxEvent[]): Promise<void>
  /** Time between two reads, in ms. */
  pollMs?: number
  /** Time that the bus has to deliver a message, in ms. */
  graceMs?: number
  /** Limits of one read. More rows than `pageRows * maxPages` in the window wait for the bus, or for the window to pass. */
  limits?: TailLimits
}

export interface TailLimits {
  pageRows: number
  maxPages: number
  /** Rows whose events are sent together. */
  batchRows: number
}

const POLL_MS = 1_000
const GRACE_MS = 1_000
/**
 * Age up to which rows are looked at, in ms. Ids are not in the order in which transactions commit: a row counts as late, and not as lost,
 * if its transaction ends within this time.
 */
const WINDOW_MS = 20_000
const LIMITS: TailLimits = { pageRows: 2_000, maxPages: 5, batchRows: 500 }
/** Ids of messages that are remembered: more than one read returns, and all that a process reads from the bus at its start. */
const MAX_IDS = 20_000
/** Events that are remembered until the bus delivers them. */
const MAX_UNDELIVERED = 1_000
const SUBJECTS = STREAMS.events.subjects.map(subject => subject.replace('>', '%'))

/**
 * Creates the tail of the outbox. Its clock is the database's. It remembers messages and no position, because it looks at all rows of the
 * window each time: one cheap statement.
 */
export function createOutboxTail(deps: OutboxTailDeps): OutboxTail {
  const { log, signal, activity, pollMs = POLL_MS } = deps
  const known = createRecentMap<true>(MAX_IDS)
  const undelivered = createRecentMap<OutboxEvent>(MAX_UNDELIVERED)
  const loop = {
    name: 'outbox_tail',
    policy: RETRY_POLICIES.subscription,
    idleMs: pollMs,
    wait: activity?.wait ?? sleep,
    log,
    signal,
  }
  return {
    receive: id => {
      if (id === undefined) return false
      known.set(id, true)
      return undelivered.delete(id)
    },
    listUndelivered: undelivered.values,
    clearUndelivered: undelivered.clear,
    run: () =>
      runForever(loop, async () => {
        if (deps.isWatched()) await readTail(deps, { known, undelivered })
        return 'idle'
      }),
  }
}

interface TailState {
  /** Ids of the messages that were delivered or read. */
  known: RecentMap<true>
  undelivered: RecentMap<OutboxEvent>
}

async function readTail(deps: OutboxTailDeps, state: TailState): Promise<void> {
  const { pageRows, maxPages, batchRows } = deps.limits ?? LIMITS
  let after = 0
  for (let page = 0; page < maxPages; page++) {
    const rows = await readRows(deps, after, pageRows)
    const late = rows.filter(row => !state.known.has(row.messageId))
    for (let at = 0; at < late.length && !deps.signal.aborted; at += batchRows)
      await sendLate(deps, state, late.slice(at, at + batchRows))
    if (rows.length < pageRows || deps.signal.aborted) return
    after = rows.at(-1)?.id ?? after
  }
}

async function sendLate(
  { database, log, onEvents }: OutboxTailDeps,
  { known, undelivered }: TailState,
  rows: readonly OutboxRow[],
): Promise<void> {
  const events = await readEvents(database, rows)
  // Once more: the bus may have delivered some meanwhile, and may deliver others while they are sent.
  const late = [...events].filter(([messageId]) => !known.has(messageId))
  for (const [messageId, event] of late) {
    known.set(messageId, true)
    undelivered.set(messageId, event)
  }
  try {
    await onEvents(late.map(([, event]) => event))
  } catch (error) {
    // One that the bus has delivered meanwhile is not its concern any more.
    for (const [messageId] of late) if (undelivered.delete(messageId)) known.delete(messageId)
    throw error
  }
  log.info({ events: late.length }, 'events_read_from_outbox')
}

interface OutboxRow {
  id: number
  messageId: string
}

/** Reads the rows of the window whose messages the bus has had time for, in order of their ids. */
async function readRows(
  { database, graceMs = GRACE_MS }: OutboxTailDeps,
  after: number,
  limit: number,
): Promise<OutboxRow[]> {
  const rows = await database<{ id: number; at: number }[]>`
    select id, (extract(epoch from created_at) * 1000000)::bigint as at from outbox
    where id > greatest(${after}::bigint, (
        select id from outbox where created_at < now() - make_interval(secs => ${WINDOW_MS / 1_000}::float8)
        order by id desc limit 1))
      and subject like any(${SUBJECTS}::text[])
      and created_at < now() - make_interval(secs => ${graceMs / 1_000}::float8)
    order by id limit ${limit}`
  return rows.map(row => ({ id: row.id, messageId: messageId(row) }))
}

/** Reads the events of rows, by the ids of their messages. */
async function readEvents(database: Database, rows: readonly OutboxRow[]): Promise<Map<string, OutboxEvent>> {
  const messageIds = new Map(rows.map(({ id, messageId }) => [id, messageId]))
  const events = await database<(OutboxEvent & { id: number })[]>`
    select id, subject, payload as data from outbox where id = any(${[...messageIds.keys()]}::bigint[]) order by id`
  return new Map(events.map(({ id, subject, data }) => [messageIds.get(id) ?? '', { subject, data }]))
}

interface RecentMap<T> {
  has(key: string): boolean
  set(key: string, value: T): void
  /** @returns whether it was there */
  delete(key: string): boolean
  values(): T[]
  clear(): void
}

/** Creates a map of the entries that were added last. */
function createRecentMap<T>(capacity: number): RecentMap<T> {
  const entries = new Map<string, T>()
  return {
    has: key => entries.has(key),
    set: (key, value) => {
      entries.set(key, value)
      const [oldest] = entries.keys()
      if (entries.size > capacity && oldest !== undefined) entries.delete(oldest)
    },
    delete: key => entries.delete(key),
    values: () => [...entries.values()],
    clear: () => entries.clear(),
  }
}
