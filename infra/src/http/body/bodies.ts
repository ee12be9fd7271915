import { DeadlineError, withDeadline } from '../../runtime/timers.ts'
import { ProblemError } from '../problem.ts'
import type { BodyBudget, BodyIntake } from './body-budget.ts'
import { readForm } from './form-body.ts'
import { readJson } from './json-body.ts'

/** A content type of a body, by the name that routes declare it by. */
export type BodyKind = 'json' | 'form'

/** The body that a route accepts. */
export interface BodyRule {
  kind: BodyKind
  maxBytes: number
}

/** The accepted content types, each with its parser. */
const READERS: Record<BodyKind, { type: string; parse: (bytes: Uint8Array, type: string) => unknown; send: string }> = {
  json: { type: 'application/json', parse: readJson, send: 'Send JSON (application/json).' },
  form: { type: 'multipart/form-data', parse: readForm, send: 'Send the pictures as a form (multipart/form-data).' },
}

/** Limits of a body's arrival. */
export interface ArrivalLimits {
  /** For the whole body, in milliseconds. */
  totalMs: number
  /** Longest wait for the next chunk, in milliseconds. */
  idleMs: number
  /** Time over which `minRate` is measured, which is also the time that a body has to get going, in milliseconds. */
  rateMs: number
  /** Least speed, in bytes a second. */
  minRate: number
}

/**
 * A slow mobile link sends 32 KiB a second: it is four times as fast as it must be, and may be silent for fifteen seconds in a
 * tunnel. At that speed a file of 20 MB takes ten minutes. What drips ends after twenty seconds.
 */
const ARRIVAL_LIMITS: ArrivalLimits = { totalMs: 1_800_000, idleMs: 15_000, rateMs: 20_000, minRate: 8 * 1024 }

/** Size of the buffer that a body begins in. */
const FIRST_BYTES = 1024 * 1024

export interface ReadBodyOptions {
  budget: BodyBudget
  rule: BodyRule
  /** Address that the request comes from. */
  client: string
  limits?: ArrivalLimits
}

/**
 * Checks by its headers alone that a body may be read: its content type, its encoding and its declared length.
 *
 * @throws ProblemError `unsupported_type` or `too_large`
 */
export function assertBodyHeaders(headers: Headers, { kind, maxBytes }: BodyRule): void {
  const type = (headers.get('content-type') ?? '').split(';', 1)[0]?.trim().toLowerCase()
  if (type !== READERS[kind].type) throw new ProblemError('unsupported_type', READERS[kind].send)
  const encoding = headers.get('content-encoding') ?? 'identity'
  if (encoding !== 'identity') throw new ProblemError('unsupported_type', 'Send the body without a content encoding.')
  if (readDeclaredLength(headers) > maxBytes) throw createTooLargeError(maxBytes)
}

/**
 * Reads and parses a request's body, within the limit of its route and the shared budget. A body that stops arriving, or arrives too
 * slowly, is abandoned: its memory is missing for other requests.
 *
 * @returns the value of the JSON, or a `Form`
 * @throws ProblemError `unsupported_type`, `too_large`, `too_slow`, `malformed`, `invalid` or `unavailable`
 */
export async function readBody(request: Request, options: ReadBodyOptions): Promise<unknown> {
  const { rule, budget, client, limits = ARRIVAL_LIMITS } = options
  assertBodyHeaders(request.headers, rule)
  const declaredBytes = readDeclaredLength(request.headers)
  const expectedBytes = declaredBytes || rule.maxBytes
  const intake = budget.open(request, { client, declaredBytes, expectedBytes })
  const bytes = await readBytes(request, { intake, maxBytes: rule.maxBytes, expectedBytes, limits })
  intake.complete()
  return READERS[rule.kind].parse(bytes, request.headers.get('content-type') ?? '')
}

/**
 * Reads the body into one buffer: joining a list of chunks, or growing by steps, would need the memory twice. It begins small, because
 * the declared length is only a promise, and then has the whole length: the system gives memory to the used part alone.
 */
async function readBytes(
  request: Request,
  options: { intake: BodyIntake; maxBytes: number; expectedBytes: number; limits: ArrivalLimits },
): Promise<Uint8Array> {
  const { intake, maxBytes, expectedBytes, limits } = options
  let buffer = new Uint8Array(Math.min(FIRST_BYTES, expectedBytes))
  let bytes = 0
  for await (const chunk of request.body ? readChunks(request.body, intake, limits) : []) {
    const total = bytes + chunk.byteLength
    if (total > maxBytes) throw createTooLargeError(maxBytes)
    intake.add(chunk.byteLength)
    if (total > buffer.byteLength) {
      const most = total > expectedBytes ? maxBytes : expectedBytes
      buffer = new Uint8Array(buffer.buffer.transfer(most))
    }
    buffer.set(chunk, bytes)
    bytes = total
  }
  return buffer.subarray(0, bytes)
}

async function* readChunks(
  body: ReadableStream<Uint8Array>,
  intake: BodyIntake,
  limits: ArrivalLimits,
): AsyncGenerator<Uint8Array> {
  const reader = body.getReader()
  try {
    for (;;) {
      const milliseconds = computeWait(intake, limits)
      const wait = { milliseconds, operation: 'the next chunk of a body', signal: intake.evicted }
      const { done, value } = await withDeadline(reader.read(), wait)
      if (done) return
      yield value
    }
  } catch (cause) {
    throw cause instanceof DeadlineError ? createTooSlowError(cause) : cause
  } finally {
    // Not awaited: a sender that has stalled may never confirm the cancellation.
    void reader.cancel().catch(() => {})
  }
}

/** Returns for how long the next chunk can be waited for, in milliseconds. @throws ProblemError `too_slow` when the body is that */
function computeWait({ meter }: BodyIntake, { totalMs, idleMs, rateMs, minRate }: ArrivalLimits): number {
  const age = meter.age()
  const isSlow = meter.countRecent(rateMs) < (minRate * rateMs) / 1_000
  if (isSlow && age >= rateMs) throw createTooSlowError()
  return Math.max(0, Math.min(idleMs, totalMs - age, isSlow ? rateMs - age : idleMs))
}

function readDeclaredLength(headers: Headers): number {
  return Number(headers.get('content-length') ?? 0)
}

function createTooSlowError(cause?: unknown): ProblemError {
  const detail = 'The request stopped arriving, or arrived too slowly, before it was whole. Send it again.'
  return new ProblemError('too_slow', detail, { cause })
}

function createTooLargeError(maxBytes: number): ProblemError {
  const [size, unit] = maxBytes < 1024 * 1024 ? [maxBytes / 1024, 'KiB'] : [maxBytes / 1024 / 1024, 'MiB']
  return new ProblemError('too_large', `The body is larger than ${Math.floor(size)} ${unit}.`)
}
