import { LIMITS } from '@darkroom/contracts/limits'
import { DeadlineError, withDeadline } from '../runtime/timers.ts'
import { readForm } from './form-body.ts'
import { readJson } from './json-body.ts'
import { ProblemError } from './problem.ts'

const MULTIPART_OVERHEAD = 64 * 1024

/** How large a body of a content type may be, in bytes, and how its bytes become a value. */
const READERS: Record<string, { most: number; parse: (bytes: Uint8Array, type: string) => unknown }> = {
  'application/json': { most: LIMITS.jsonBytes, parse: readJson },
  'multipart/form-data': { most: LIMITS.references * LIMITS.referenceBytes + MULTIPART_OVERHEAD, parse: readForm },
}

/** How long a body may take to arrive, in milliseconds, and how long nothing of it may. */
export interface Patience {
  arrival: number
  silence: number
}

const PATIENCE: Patience = { arrival: 600_000, silence: 15_000 }

/** Memory for request bodies, shared by all requests in flight. */
export interface BodyBudget {
  /** Takes `bytes` for a request. @throws ProblemError `unavailable` when there is no room now, `too_large` when never */
  take(request: Request, bytes: number): void
  /** Gives back everything a request took. */
  release(request: Request): void
  inUse(): number
}

/** Of the budget: so much may have been given back and still be in memory. */
const UNCOLLECTED = 1 / 8

/**
 * @param bytes that all bodies in flight may hold together
 * @param options `collect` frees what was given back, now and then: bodies lie outside of the heap, where nobody sees them pile up
 */
export function createBodyBudget(bytes: number, { collect = () => {} } = {}): BodyBudget {
  const taken = new Map<Request, number>()
  let inUse = 0
  let uncollected = 0
  return {
    take: (request, wanted) => {
      const mine = taken.get(request) ?? 0
      if (mine + wanted > bytes) throw new ProblemError('too_large', 'That is more than this studio takes at once.')
      if (inUse + wanted > bytes) {
        throw new ProblemError('unavailable', 'Too much is being uploaded right now. Try again in a moment.', {
          retryAfterSeconds: 2,
        })
      }
      inUse += wanted
      taken.set(request, mine + wanted)
    },
    release: request => {
      const mine = taken.get(request) ?? 0
      inUse -= mine
      taken.delete(request)
      uncollected += mine
      if (uncollected < bytes * UNCOLLECTED) return
      uncollected = 0
      collect()
    },
    inUse: () => inUse,
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
  patience: Patience = PATIENCE,
): Promise<unknown> {
  const type = contentType.toLowerCase()
  const reader = Object.hasOwn(READERS, type) ? READERS[type] : undefined
  if (!reader)
    throw new ProblemError('unsupported_type', 'Send JSON (application/json) or a form (multipart/form-data).')
  const encoding = request.headers.get('content-encoding') ?? 'identity'
  if (encoding !== 'identity') throw new ProblemError('unsupported_type', 'Send the body without a content encoding.')
  const bytes = await readBytes(request, reader.most, budget, patience)
  return reader.parse(bytes, request.headers.get('content-type') ?? '')
}

/** What is said to come is room for what comes: a list of pieces would have all of it in memory twice. */
async function readBytes(request: Request, most: number, budget: BodyBudget, patience: Patience): Promise<Uint8Array> {
  const declared = Number(request.headers.get('content-length') ?? 0)
  if (declared > most) throw tooLarge(most)
  budget.take(request, declared)
  let room = new Uint8Array(declared)
  let bytes = 0
  for await (const chunk of request.body ? arriving(request.body, patience) : []) {
    const whole = bytes + chunk.byteLength
    if (whole > most) throw tooLarge(most)
    budget.take(request, Math.max(0, whole - Math.max(bytes, declared)))
    if (whole > room.byteLength) room = new Uint8Array(room.buffer.transfer(Math.min(most, 2 * whole)))
    room.set(chunk, bytes)
    bytes = whole
  }
  return room.subarray(0, bytes)
}

async function* arriving(body: ReadableStream<Uint8Array>, { arrival, silence }: Patience): AsyncGenerator<Uint8Array> {
  const reader = body.getReader()
  const latest = performance.now() + arrival
  try {
    for (;;) {
      const milliseconds = Math.max(0, Math.min(silence, latest - performance.now()))
      const { done, value } = await withDeadline(reader.read(), { milliseconds, what: 'the next part of a body' })
      if (done) return
      yield value
    }
  } catch (cause) {
    throw cause instanceof DeadlineError ? stopped(cause) : cause
  } finally {
    // Nobody waits for it: whoever sends nothing does not hear that nothing more is wanted either.
    void reader.cancel().catch(() => {})
  }
}

function stopped(cause: unknown): ProblemError {
  return new ProblemError('malformed', 'The request stopped arriving before it was whole. Send it again.', { cause })
}

function tooLarge(most: number): ProblemError {
  return new ProblemError('too_large', `The body is larger than ${Math.floor(most / 1024 / 1024)} MiB.`)
}
