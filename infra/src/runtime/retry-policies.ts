/**
 * Number of tries and the pauses between them. The pause after failure n (from 1) is
 * `minMs + random(0, min(maxMs, baseMs × 2ⁿ⁻¹))`: exponential back-off with full jitter above a floor.
 *
 * @see https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/
 */
export interface RetryPolicy {
  /** The floor of every pause, in milliseconds: a failure that is immediate must not become a busy loop. */
  minMs: number
  /** The ceiling of the jitter after the first failure, in milliseconds; it doubles with each further one. */
  baseMs: number
  /** The ceiling of the jitter after many failures, in milliseconds. */
  maxMs: number
  /** Tries in all, the first included. Absent: without end, until the signal is aborted. */
  tries?: number
}

/**
 * Every retry of the services, in one place. Each says why it waits as long as it does. Retries whose next time is written in a row
 * (a call to cancel, an object to remove, a preview, the breaker's cool-down) have it in their statement.
 */
export const RETRY_POLICIES = {
  /** NATS starts within a second; a fixed short pause finds it as soon as it is there. */
  busConnect: { minMs: 250, baseMs: 0, maxMs: 0 },
  /** A database that is starting turns connections away; people wait for the studio to open meanwhile. */
  databaseStart: { minMs: 250, baseMs: 0, maxMs: 0 },
  /** The driver's own pauses grow to 20 s, which people would wait after a restart of the database. */
  databaseReconnect: { minMs: 0, baseMs: 100, maxMs: 1_000 },
  /** Messages wait in the outbox meanwhile, so a bus that is back is used within seconds. */
  outboxRelay: { minMs: 50, baseMs: 200, maxMs: 1_000 },
  /** A consumer that broke off: the bus or its stream is coming back, and jobs wait in it. */
  consumer: { minMs: 50, baseMs: 250, maxMs: 1_000 },
  /** A subscription without state: opening it anew is cheap, and until then events are not live. */
  subscription: { minMs: 50, baseMs: 100, maxMs: 1_000 },
  /** Maintenance is not urgent: a database that is away is not asked more often than every half minute. */
  maintenance: { minMs: 50, baseMs: 250, maxMs: 30_000 },
  /** The bus may lose messages at any time: after a failure they are looked for as often as after a success. */
  reconcile: { minMs: 1_500, baseMs: 1_000, maxMs: 1_000 },
  /** An output that is only at its provider: its URL may be good for days, and a provider may be down for hours. */
  rehost: { minMs: 0, baseMs: 30_000, maxMs: 3_600_000 },
  /** A job that met an error of our own (store, database, code): another worker may do better in a moment. */
  jobError: { minMs: 1_000, baseMs: 1_000, maxMs: 30_000 },
  /** A provider that failed without saying when to come back. The circuit breaker takes over after three in a row. */
  providerError: { minMs: 1_000, baseMs: 4_000, maxMs: 4_000 },
  /** A list of models that could not be had: a server of the user's own may just be starting, and its last list counts meanwhile. */
  listModels: { minMs: 3_000, baseMs: 5_000, maxMs: 300_000 },
  /** A request id in hand while the database is away: without it in its row the job cannot go on. */
  noteAnswer: { minMs: 50, baseMs: 100, maxMs: 1_000 },
  /** An answer that a full disk does not take. Its provider waits meanwhile, by backpressure; room is made within seconds or by hand. */
  writeAnswer: { minMs: 250, baseMs: 250, maxMs: 2_000 },
  /** Answers that wait in the journal for the database or the store. */
  recoverAnswers: { minMs: 1_000, baseMs: 1_000, maxMs: 15_000 },
  /** Outputs in the journal while the object store is away: looked at again until it is back. */
  storageDown: { minMs: 2_000, baseMs: 3_000, maxMs: 60_000 },
  /** An output whose download, upload or row failed: the provider's URL is good for minutes, and a person is waiting. */
  storeOutput: { minMs: 0, baseMs: 500, maxMs: 5_000, tries: 3 },
  /** A request to the object store that failed or timed out. Ends soon: a person or a lease waits behind it. */
  storeRequest: { minMs: 0, baseMs: 100, maxMs: 5_000, tries: 4 },
  /** Removal of the parts of a failed upload. The error that caused it is reported after it, so it is short. */
  storeAbortUpload: { minMs: 0, baseMs: 100, maxMs: 5_000, tries: 2 },
  /** A batch of bulk work on a machine that is busy: it is smaller at each try, and nobody waits for an answer. */
  bulkBatch: { minMs: 200, baseMs: 500, maxMs: 10_000, tries: 12 },
  /** A command's first question to a database that is busy: a person waits, and is told so. */
  commandStart: { minMs: 500, baseMs: 500, maxMs: 2_000, tries: 5 },
  /** The process of the backfill ended with an error; it is the least urgent of all. */
  backfillProcess: { minMs: 50, baseMs: 250, maxMs: 10_000 },
  /** Someone edits the row that is being migrated: they are done in a moment. */
  backfillRow: { minMs: 0, baseMs: 40, maxMs: 1_000, tries: 5 },
  /** The store failed in the middle of a backfill that may run for hours: it outlasts a restart of the store. */
  backfillStore: { minMs: 0, baseMs: 200, maxMs: 3_000, tries: 5 },
  /** A backup runs unattended, at night: it outlasts a restart of the database. */
  backupDatabase: { minMs: 500, baseMs: 1_000, maxMs: 10_000, tries: 6 },
  /** An object that is copied by a backup or put back: another hour's work must not be lost for a store that restarts. */
  backupObject: { minMs: 250, baseMs: 1_000, maxMs: 15_000, tries: 7 },
} as const satisfies Record<string, RetryPolicy>

const MAX_DOUBLINGS = 30

/**
 * Returns the pause before the next try, in milliseconds.
 *
 * @param failures failures so far, from 1
 * @param random in [0, 1), for tests
 */
export function retryDelay(
  { minMs, baseMs, maxMs }: RetryPolicy,
  failures: number,
  random: () => number = Math.random,
): number {
  // Without the limit 2ⁿ⁻¹ is infinite after 1,024 failures, and 0 × ∞ is NaN: a timer takes that for no pause at all.
  const doublings = Math.min(failures - 1, MAX_DOUBLINGS)
  return minMs + random() * Math.min(maxMs, baseMs * 2 ** doublings)
}
