import { LIMITS } from '@darkroom/contracts/limits'
import { DeadlineError, withDeadline } from '../runtime/timers.ts'
import { readForm } from './form-body.ts'
import { readJson } from './json-body.ts'
import { ProblemError } from './problem.ts'

const MULTIPART_OVERHEAD = 64 * 1024

/** How large a body of a content type may be, in bytes, and how its bytes become a value. */
const READERS: Record<string, { maxBytes: number; parse: (bytes: Uint8Array, type: string) => unknown }> = {
  'application/json': { maxBytes: LIMITS.jsonBytes, parse: readJson },
  'multipart/form-data': { maxBytes: LIMITS.references * LIMITS.referenceBytes + MULTIPART_OVERHEAD, parse: readForm },
}

/** How long a body may take to arrive, in milliseconds, and how long nothing of it may. */
export interface BodyTimeouts {
  totalMs: number
  idleMs: number
}

const DEFAULT_BODY_TIMEOUTS: BodyTimeouts = { totalMs: 600_000, idleMs: 15_000 }

/** Memory for request bodies, shared by all requests in flight. */
export interface BodyBudget {
  /** Takes `bytes` for a request. @throws ProblemError `unavailable` when there is no room now, `too_large` when never */
  reserve(request: Request, bytes: number): void
  /** Gives back everything a request took. */
  release(request: Request): void
  bytesInUse(): number
}

/** Of the budget: so much may have been given back and still be in memory. */
const COLLECT_FRACTION = 1 / 8

/**
 * @param capacity that all bodies in flight may hold together
 * @param options `collect` frees what was given back, now and then: bodies lie outside of the heap, where nobody sees them pile up
 */
export function createBodyBudget(capacity: number, { collectGarbage = () => {} } = {}): BodyBudget {
  const reservedBy = new Map<Request, number>()
  let inUse = 0
  let uncollected = 0
  return {
    reserve: (request, requested) => {
      const mine = reservedBy.get(request) ?? 0
      if (mine + requested > capacity)
        throw new ProblemError('too_large', 'That is more than this studio takes at once.')
      if (inUse + requested > capacity) {
        throw new ProblemError('unavailable', 'Too much is being uploaded right now. Try again in a moment.', {
          retryAfterSeconds: 2,
        })
      }
      inUse += requested
      reservedBy.set(request, mine + requested)
    },
    release: request => {
      const mine = reservedBy.get(request) ?? 0
      inUse -= mine
      reservedBy.delete(request)
      uncollected += mine
      if (uncollected < capacity * COLLECT_FRACTION) return
      uncollected = 0
      collectGarbage()
    },
    bytesInUse: () => inUse,
  }
}

/**
 * Reads a request's body whole, within the limit of its content type and the common budget. One that stops arriving is given up:
 * what it holds of the budget is missing to everybody else.
 *
 * @returns what the JSON says, or the form
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

/** What is said to come is room for what comes: a list of pieces would have all of it in memory twice. */
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
      const { done, value } = await withDeadline(reader.read(), { milliseconds, operation: 'the next part of a body' })
      if (done) return
      yield value
    }
  } catch (cause) {
    throw cause instanceof DeadlineError ? createStalledError(cause) : cause
  } finally {
    // Nobody waits for it: whoever sends nothing does not hear that nothing more is wanted either.
    void reader.cancel().catch(() => {})
  }
}

function createStalledError(cause: unknown): ProblemError {
  return new ProblemError('malformed', 'The request stopped arriving before it was whole. Send it again.', { cause })
}

function createTooLargeError(maxBytes: number): ProblemError {
  return new ProblemError('too_large', `The body is larger than ${Math.floor(maxBytes / 1024 / 1024)} MiB.`)
}
