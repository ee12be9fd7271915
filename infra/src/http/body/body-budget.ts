import { ProblemError } from '../problem.ts'
import { type ArrivalMeter, createArrivalMeter } from './arrival-meter.ts'

/** Memory for request bodies, shared by all requests in flight. */
export interface BodyBudget {
  /**
   * Begins a body, before its first byte.
   *
   * @param options `client` is whom the request comes from; `declaredBytes` is 0 if unknown; `expectedBytes` is then the most that it may have
   * @throws ProblemError `too_large` when it could never fit, `too_many` when the client has too many bodies in flight
   */
  open(request: Request, options: OpenOptions): BodyIntake
  /**
   * Reserves `bytes` for a request. Where they are not free, bodies that would take far longer to arrive are evicted.
   *
   * @throws ProblemError `unavailable` when they are not free at present, `too_large` when they exceed the whole budget
   */
  reserve(request: Request, bytes: number): void
  /** Releases everything that a request has reserved. */
  release(request: Request): void
  bytesInUse(): number
}

export interface OpenOptions {
  client: string
  declaredBytes: number
  expectedBytes: number
}

/** A body that is arriving. */
export interface BodyIntake {
  /** Reserves memory for bytes that have arrived. @throws like `BodyBudget.reserve` */
  add(bytes: number): void
  meter: ArrivalMeter
  /** Aborted with a ProblemError when others need the memory of this body. */
  evicted: AbortSignal
  /** Ends the arrival: the body is whole, and can no longer be evicted. */
  complete(): void
}

interface Entry {
  client: string
  bytes: number
  /** Present while the body arrives. */
  arrival?: { meter: ArrivalMeter; expectedBytes: number; controller: AbortController }
}

export interface BodyBudgetOptions {
  /**
   * Frees what was released; called from time to time. Bodies lie outside of the heap, so their number alone does not start a
   * collection.
   */
  collectGarbage?: () => void
  /** Returns a time that never goes back, in milliseconds. */
  now?: () => number
}

/** The fraction of the budget that may be released and not yet collected. */
const COLLECT_FRACTION = 1 / 8
/** Bodies that a client may have in flight. A page uploads a few files at once. */
const CLIENT_BODIES = 64
/** Time over which the speed of a body is measured, at most and at least, in milliseconds. */
const [RATE_MS, LEAST_MS] = [5_000, 1_000]
/** Speed that a body counts as having in its first two seconds, in bytes a second: its real speed is not known then. */
const [YOUNG_MS, YOUNG_RATE] = [2_000, 1024 * 1024]
/** Speed below which a body gives way to any that is whole much sooner, in bytes a second: half of a slow mobile link. */
const STALLED_RATE = 16 * 1024
/** A body is evicted for another one only if it needs this many times as long until it is whole. */
const SLOWER_FACTOR = 2

/**
 * Creates the budget that all bodies in flight share. Memory is reserved for what has arrived. Under pressure the body with the longest
 * time left is evicted for one that is whole much sooner: a sender that pauses with much in memory gives way to one that sends. Of two
 * clients the one with less memory is preferred: one with several bodies gives way with what is above its share, the budget by the number
 * of clients, or half of it.
 *
 * @param capacity in bytes
 */
export function createBodyBudget(capacity: number, options: BodyBudgetOptions = {}): BodyBudget {
  const { collectGarbage = () => {}, now = () => performance.now() } = options
  const entries = new Map<Request, Entry>()
  let inUse = 0
  let uncollected = 0

  const open = (request: Request, { client, declaredBytes, expectedBytes }: OpenOptions): BodyIntake => {
    if (declaredBytes > capacity) throw createTooLargeError()
    limitBodies(entries, client)
    const arrival = { meter: createArrivalMeter(now), expectedBytes, controller: new AbortController() }
    const entry: Entry = { client, bytes: 0, arrival }
    entries.set(request, entry)
    return {
      meter: arrival.meter,
      evicted: arrival.controller.signal,
      add: bytes => {
        arrival.controller.signal.throwIfAborted()
        arrival.meter.add(bytes)
        reserve(request, bytes)
      },
      complete: () => delete entry.arrival,
    }
  }
  const reserve = (request: Request, requested: number) => {
    const entry = entries.get(request) ?? { client: '', bytes: 0 }
    if (entry.bytes + requested > capacity) throw createTooLargeError()
    if (inUse + requested > capacity) evict(entry, inUse + requested - capacity)
    if (inUse + requested > capacity) throw createUnavailableError()
    inUse += requested
    entry.bytes += requested
    entries.set(request, entry)
  }
  const release = (request: Request) => {
    const bytes = entries.get(request)?.bytes ?? 0
    entries.delete(request)
    inUse -= bytes
    uncollected += bytes
    if (uncollected < capacity * COLLECT_FRACTION) return
    uncollected = 0
    collectGarbage()
  }
  /** Evicts bodies until `missing` bytes are free, or none if those that may be evicted have less. */
  const evict = (entry: Entry, missing: number) => {
    const victims: Request[] = []
    let found = 0
    for (const [request, candidate] of findEvictable(entries, entry, capacity)) {
      if (found >= missing) break
      victims.push(request)
      found += candidate.bytes
    }
    if (found < missing) return
    for (const request of victims) {
      entries.get(request)?.arrival?.controller.abort(createEvictedError())
      release(request)
    }
  }
  return { open, reserve, release, bytesInUse: () => inUse }
}

/** Returns the bodies that give way to `entry`, the one with the longest time left first. */
function findEvictable(entries: Map<Request, Entry>, entry: Entry, capacity: number): [Request, Entry][] {
  const own = sumClient(entries, entry.client)
  const clients = new Set([entry.client, ...[...entries.values()].map(({ client }) => client)])
  const share = capacity / Math.max(2, clients.size)
  const limit = SLOWER_FACTOR * estimateSecondsLeft(entry)
  const mayEvict = (candidate: Entry) => {
    if (candidate === entry || !candidate.arrival || candidate.bytes === 0) return false
    const isSlower = estimateSecondsLeft(candidate) > limit
    if (isStalled(candidate)) return isSlower
    // What a handler loads is not nearly there because its body is.
    if (!entry.arrival) return false
    if (candidate.client === entry.client) return isSlower
    const other = sumClient(entries, candidate.client)
    if (other.bytes <= own.bytes) return false
    return isSlower || (own.bytes <= share && other.bytes > share && other.bodies > 1)
  }
  return [...entries]
    .filter(([, candidate]) => mayEvict(candidate))
    .toSorted(([, one], [, other]) => estimateSecondsLeft(other) - estimateSecondsLeft(one))
}

/** Returns the time in which a body will be whole at its present speed; 0 if it is. */
function estimateSecondsLeft({ arrival }: Entry): number {
  if (!arrival) return 0
  const { meter, expectedBytes } = arrival
  const rate = measureRate(meter)
  const assumed = meter.age() < YOUNG_MS ? Math.max(rate, YOUNG_RATE) : rate
  return Math.max(1, expectedBytes - meter.total()) / Math.max(1, assumed)
}

function isStalled({ arrival }: Entry): boolean {
  return arrival !== undefined && arrival.meter.age() >= YOUNG_MS && measureRate(arrival.meter) < STALLED_RATE
}

/** Returns the present speed, in bytes a second. */
function measureRate(meter: ArrivalMeter): number {
  return meter.countRecent(RATE_MS) / (Math.min(Math.max(meter.age(), LEAST_MS), RATE_MS) / 1_000)
}

function sumClient(entries: Map<Request, Entry>, client: string): { bytes: number; bodies: number } {
  const own = [...entries.values()].filter(entry => entry.client === client)
  return { bytes: own.reduce((sum, { bytes }) => sum + bytes, 0), bodies: own.length }
}

/** Makes sure that a client can have one more body in flight: at the limit its slowest one gives way, unless that is young. */
function limitBodies(entries: Map<Request, Entry>, client: string): void {
  const arriving = [...entries.values()].filter(entry => entry.client === client && entry.arrival)
  if (arriving.length < CLIENT_BODIES) return
  const [slowest] = arriving.toSorted((one, other) => estimateSecondsLeft(other) - estimateSecondsLeft(one))
  if (!slowest?.arrival || slowest.arrival.meter.age() < YOUNG_MS) {
    throw new ProblemError('too_many', 'You send too many things at once. Try again in a moment.', {
      retryAfterSeconds: 2,
    })
  }
  slowest.arrival.controller.abort(createEvictedError())
  delete slowest.arrival
}

function createTooLargeError(): ProblemError {
  return new ProblemError('too_large', 'That is more than this studio takes at once.')
}

function createUnavailableError(): ProblemError {
  return new ProblemError('unavailable', 'Too much is being uploaded right now. Try again in a moment.', {
    retryAfterSeconds: 2,
  })
}

function createEvictedError(): ProblemError {
  const detail = 'This arrived too slowly while others were uploading, and was ended for them. Send it again.'
  return new ProblemError('unavailable', detail, { retryAfterSeconds: 5 })
}
