import { availableParallelism } from 'node:os'
import { join, resolve } from 'node:path'
import type { Log } from '../../log.ts'
import { DeadlineError, untilAborted, withDeadline } from '../../runtime/timers.ts'
import type { ImageLimits } from '../check-image.ts'
import type { ImageProperties } from '../decode-image.ts'
import type { DecodedImage } from '../image.ts'
import type { MaskPolarity } from '../mask.ts'
import type { MediaInput } from '../media-input.ts'
import type { Preview } from '../previews.ts'
import type { ProviderCopy } from '../strip-metadata.ts'
import { DecoderError } from './decoder-error.ts'
import type { DecoderMetrics } from './decoder-metrics.ts'
import { createDecoderPool } from './decoder-pool.ts'
import { estimateCost } from './estimate-cost.ts'
import { createJobQueue } from './job-queue.ts'
import type { OperationArguments, OperationName } from './operations.ts'
import { type OperationResult, parseResponse } from './results.ts'
import type { QueuedJob } from './running-jobs.ts'

export interface DecodeOptions {
  /** Aborting ends the work, not only the waiting. */
  signal: AbortSignal
  /** Whom the work is done for. Clients take turns. */
  client?: string | undefined
  /** Whether no user waits for it. False unless given. */
  isBackground?: boolean | undefined
  /** Longest wait for a decoder, in ms, after which `busy` is thrown. Unlimited unless given. */
  maxWaitMs?: number | undefined
}

/**
 * The one way to decode images in a process. It inspects an image, waits for memory and a slot, and has a process of its own decode it,
 * which is ended when it takes too long or too much memory.
 *
 * Every method throws MediaError for an image that is not accepted or ended its process, DecoderError, and the signal's reason.
 */
export interface ImageDecoder extends AsyncDisposable {
  /** Validates an image by decoding it whole, and makes its previews and placeholder. */
  read(input: MediaInput, limits: ImageLimits, options: DecodeOptions): Promise<DecodedImage>
  /** Validates an image by decoding it whole. */
  validate(input: MediaInput, limits: ImageLimits, options: DecodeOptions): Promise<ImageProperties>
  /** Makes the previews of an image with the least effort. */
  makePreviews(input: MediaInput, limits: ImageLimits, options: DecodeOptions): Promise<Preview[]>
  /** Encodes a picture of an output that is being made, as small as it may be sent. */
  makeLivePreview(input: MediaInput, limits: ImageLimits, options: DecodeOptions): Promise<{ bytes: Uint8Array }>
  /** Encodes a copy without metadata for a provider. */
  encodeProviderCopy(input: MediaInput, limits: ImageLimits, options: DecodeOptions): Promise<ProviderCopy>
  /** Encodes a mask in the polarity of a model and in the size of the image that it is for. */
  encodeMask(
    input: MediaInput,
    mask: { polarity: MaskPolarity; target: { width: number; height: number } },
    limits: ImageLimits,
    options: DecodeOptions,
  ): Promise<ProviderCopy>
  /** Pids of the decoder processes. */
  listPids(): number[]
}

export interface ImageDecoderOptions {
  /** Memory of all images that are decoded at once, in bytes. */
  memoryBytes: number
  log: Log
  metrics?: DecoderMetrics | undefined
  /** Images that are decoded at once. A core each, and 4 at most, unless given. */
  slots?: number | undefined
  deadlineMs?: number | undefined
  idleMs?: number | undefined
  /** Program of a decoder process, for tests. */
  script?: string | undefined
}

/** Waiting jobs, of all clients and of one, above which one with a limited wait is refused at once. */
const MAX_WAITING = { all: 512, client: 256 }
const DEFAULTS = {
  slots: Math.min(4, availableParallelism()),
  deadlineMs: 20_000,
  idleMs: 60_000,
  script: join(import.meta.dirname, 'decoder-main.ts'),
}

/** Memory of a mask for each pixel of the image that it is for. */
const MASK_BYTES_PER_PIXEL = 5

interface Job extends QueuedJob {
  start: PromiseWithResolvers<void>
}

interface JobOptions<Name extends OperationName> {
  input: MediaInput
  limits: ImageLimits
  options: DecodeOptions
  args: OperationArguments[Name]
  /** Memory beside that of the image. */
  extraBytes?: number
}

/** Creates a decoder. Processes are started when the first image arrives. Disposing of it ends them. */
export function createImageDecoder(options: ImageDecoderOptions): ImageDecoder {
  const { slots, deadlineMs, idleMs, script } = { ...DEFAULTS, ...omitUndefined(options) }
  const { log, memoryBytes, metrics } = options
  const queue = createJobQueue<Job>({ slots, memoryBytes })
  const pool = createDecoderPool({
    script,
    maxIdle: slots + 1,
    deadlineMs,
    idleMs,
    log,
    onKilled: () => metrics?.killed.inc(),
  })
  const closing = new AbortController()

  const startJobs = () => {
    for (let job = queue.start(); job; job = queue.start()) job.start.resolve()
    metrics?.waiting.set(queue.waiting)
    metrics?.running.set(queue.running)
    metrics?.reservedBytes.set(queue.reservedBytes)
  }
  const waitForSlot = async (job: Job, { maxWaitMs }: DecodeOptions, signal: AbortSignal) => {
    const isFull = queue.waiting >= MAX_WAITING.all || queue.countWaiting(job.client) >= MAX_WAITING.client
    if (maxWaitMs !== undefined && isFull) throw createBusyError()
    queue.add(job)
    startJobs()
    const started = job.start.promise
    if (maxWaitMs === undefined) return await untilAborted(started, signal)
    await withDeadline(started, { milliseconds: maxWaitMs, operation: 'waiting for a decoder', signal }).catch(
      error => {
        throw error instanceof DeadlineError ? createBusyError(error) : error
      },
    )
  }
  const run = async <Name extends OperationName>(
    operation: Name,
    job: JobOptions<Name>,
  ): Promise<OperationResult<Name>> => {
    const signal = AbortSignal.any([job.options.signal, closing.signal])
    signal.throwIfAborted()
    const { pixels, ...cost } = await estimateCost(job.input, job.limits)
    const bytes = cost.bytes + (job.extraBytes ?? 0)
    const { client = '', isBackground = false } = job.options
    const queued: Job = { client, isBackground, bytes, pixels, start: Promise.withResolvers() }
    const onSlow = () => {
      queue.markSlow(queued)
      startJobs()
    }
    try {
      await waitForSlot(queued, job.options, signal)
      const request = { operation, options: job.args }
      const isSmall = queue.isSmall(queued)
      return parseResponse(
        operation,
        await pool.run({ request, input: toAbsolute(job.input), bytes, isSmall, signal, onSlow }),
      )
    } finally {
      queue.remove(queued)
      queue.finish(queued)
      startJobs()
    }
  }
  return {
    read: (input, limits, options) => run('read', { input, limits, options, args: { limits } }),
    validate: (input, limits, options) => run('validate', { input, limits, options, args: { limits } }),
    makePreviews: (input, limits, options) => run('makePreviews', { input, limits, options, args: { limits } }),
    makeLivePreview: (input, limits, options) => run('makeLivePreview', { input, limits, options, args: { limits } }),
    encodeProviderCopy: (input, limits, options) => run('encodeProviderCopy', { input, limits, options, args: {} }),
    encodeMask: (input, { polarity, target }, limits, options) => {
      const { width, height } = target
      const extraBytes = width * height * MASK_BYTES_PER_PIXEL
      // The size alone: what else the target has is no part of the message.
      return run('encodeMask', { input, limits, options, args: { polarity, target: { width, height } }, extraBytes })
    },
    listPids: pool.listPids,
    [Symbol.asyncDispose]: async () => {
      closing.abort(new DecoderError('closed', 'the image decoder is closed'))
      await pool.close()
    },
  }
}

/** Makes the path of a file absolute: a decoder process has another working directory. */
function toAbsolute(input: MediaInput): MediaInput {
  return input instanceof Uint8Array ? input : { path: resolve(input.path), bytes: input.bytes }
}

function createBusyError(cause?: Error): DecoderError {
  return new DecoderError('busy', 'too many images wait to be decoded', { cause })
}

function omitUndefined<T extends object>(options: T): { [Key in keyof T]: Exclude<T[Key], undefined> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as never
}
