import { LIMITS } from '@darkroom/contracts/limits'
import { DeadlineError, withDeadline } from '../runtime/timers.ts'
import { readForm } from './form-body.ts'
import { readJson } from './json-body.ts'
import { ProblemError } from './problem.ts'

const MULTIPART_OVERHEAD = 64 * 1024

/** The accepted content types, each with its limit and its parser. */
const READERS: Record<string, { maxBytes: number; parse: (bytes: Uint8Array, type: string) => unknown }> = {
  'application/json': { maxBytes: LIMITS.jsonBytes, parse: readJson },
  'multipart/form-data': { maxBytes: LIMITS.references * LIMITS.referenceBytes + MULTIPART_OVERHEAD, parse: readForm },
}

/** Time limits of a body's arrival. */
export interface BodyTimeouts {
  /** For the whole body, in milliseconds. */
  totalMs: number
  /** Longest wait for the next chunk, in milliseconds. */
  idleMs: number
}

const DEFAULT_BODY_TIMEOUTS: BodyTimeouts = { totalMs: 600_000, idleMs: 15_000 }

/** Memory for request bodies, shared by all requests in flight. */
export interface BodyBudget {
  /**
   * Reserves `bytes` for a request.
   *
   * @throws ProblemError `unavailable` when they are not free at present, `too_large` when they exceed the whole budget
   */
  reserve(request: Request, bytes: number): void
  /** Releases everything that a request has reserved. */
  release(request: Request): void
  bytesInUse(): number
}

/** The fraction of the budget that may be released and not yet collected. */
const COLLECT_FRACTION = 1 / 8

/**
 * Creates the budget that all bodies in flight share.
 *
 * @param capacity in bytes
 * @param options `collectGarbage` is called from time to time to free what was released: bodies lie outside of the heap, so
 *   their number alone does not start a collection
 */
export function createBodyBudget(capacity: number, { collectGarbage = () => {} } = {}): BodyBudget {
  const reservedByRequest = new Map<Request, number>()
  let inUse = 0
  let uncollected = 0
  return {
    reserve: (request, requested) => {
      const reserved = reservedByRequest.get(request) ?? 0
      if (reserved + requested > capacity)
        throw new ProblemError('too_large', 'That is more than this studio takes at once.')
      if (inUse + requested > capacity) {
        throw new ProblemError('unavailable', 'Too much is being uploaded right now. Try again in a moment.', {
          retryAfterSeconds: 2,
        })
      }
      inUse += requested
      reservedByRequest.set(request, reserved + requested)
    },
    release: request => {
      const reserved = reservedByRequest.get(request) ?? 0
      inUse -= reserved
      reservedByRequest.delete(request)
      uncollected += reserved
      if (uncollected < capacity * COLLECT_FRACTION) return
      uncollected = 0
      collectGarbage()
    },
    bytesInUse: () => inUse,
  }
}

/**
 * Reads and parses a request's body, within the limit of its content type and the shared budget. A body that stops arriving is
 * abandoned, because its share of the budget is missing for other requests.
 *
 * @returns the value of the JSON, or a `Form`
 * @throws ProblemError `unsupported_type`, `too_large`, `malformed`, `invalid` or `unavailable`
 */
export async function readBody(
  request: Request,
  contentType: string,
  budget: BodyBudget,
  timeouts: BodyTimeouts = DEFAULT_BODY_TIMEOUTS,
): Promise<unknown> {
  const type = contentType.toLowerCase()
  const reader = Object.hasOwn(READERS, type) ? READERS[type] : undefined
  if (!reader)
    throw new ProblemError('unsupported_type', 'Send JSON (application/json) or a form (multipart/form-data).')
  const encoding = request.headers.get('content-encoding') ?? 'identity'
  if (encoding !== 'identity') throw new ProblemError('unsupported_type', 'Send the body without a content encoding.')
  const bytes = await readBytes(request, reader.maxBytes, budget, timeouts)
  return reader.parse(bytes, request.headers.get('content-type') ?? '')
}

/**
 * Reads the body into one buffer, which is allocated at the declared length: joining a list of chunks would need the memory
 * twice. A longer body grows the buffer.
 */
async function readBytes(
  request: Request,
  maxBytes: number,
  budget: BodyBudget,
  timeouts: BodyTimeouts,
): Promise<Uint8Array> {
  const declared = Number(request.headers.get('content-length') ?? 0)
  if (declared > maxBytes) throw createTooLargeError(maxBytes)
  budget.reserve(request, declared)
  let buffer = new Uint8Array(declared)
  let bytes = 0
  for await (const chunk of request.body ? readChunks(request.body, timeouts) : []) {
    const total = bytes + chunk.byteLength
    if (total > maxBytes) throw createTooLargeError(maxBytes)
    budget.reserve(request, Math.max(0, total - Math.max(bytes, declared)))
    if (total > buffer.byteLength) buffer = new Uint8Array(buffer.buffer.transfer(Math.min(maxBytes, 2 * total)))
    buffer.set(chunk, bytes)
    bytes = total
  }
  return buffer.subarray(0, bytes)
}

async function* readChunks(
  body: ReadableStream<Uint8Array>,
  { totalMs, idleMs }: BodyTimeouts,
): AsyncGenerator<Uint8Array> {
  const reader = body.getReader()
  const deadline = performance.now() + totalMs
  try {
    for (;;) {
      const milliseconds = Math.max(0, Math.min(idleMs, deadline - performance.now()))
      const { done, value } = await withDeadline(reader.read(), { milliseconds, operation: 'the next chunk of a body' })
      if (done) return
      yield value
    }
  } catch (cause) {
    throw cause instanceof DeadlineError ? createStalledError(cause) : cause
  } finally {
    // Not awaited: a sender that has stalled may never confirm the cancellation.
    void reader.cancel().catch(() => {})
  }
}

function createStalledError(cause: unknown): ProblemError {
  return new ProblemError('malformed', 'The request stopped arriving before it was whole. Send it again.', { cause })
}

function createTooLargeError(maxBytes: number): ProblemError {
  return new ProblemError('too_large', `The body is larger than ${Math.floor(maxBytes / 1024 / 1024)} MiB.`)
}
