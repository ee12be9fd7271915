import type { Log } from '../../log.ts'
import { MediaError } from '../media-error.ts'
import { getByteLength, type MediaInput } from '../media-input.ts'
import { DecoderKilledError, type KillReason } from './decoder-error.ts'
import type { DecoderProcess } from './decoder-process.ts'
import { createDecoderSet } from './decoder-set.ts'
import type { Frame } from './frames.ts'
import type { JobRequest } from './serve-operations.ts'
import { watchJob } from './watch-job.ts'

export interface DecoderPoolOptions {
  /** Program of a decoder process. */
  script: string
  deadlineMs: number
  /** Processes that wait for a job at once, of each priority. */
  maxIdle: number
  /** Time after which a process without a job ends. */
  idleMs: number
  log: Log
  onKilled: () => void
}

export interface PoolJob {
  request: JobRequest
  input: MediaInput
  /** Memory that the job may need. */
  bytes: number
  /** Whether its process has the priority of the service. Others yield the CPU to it. */
  isSmall: boolean
  signal: AbortSignal
  onSlow: () => void
}

/** Processes that decode images, of which each has one job at a time. There are as many as jobs have run at once. */
export interface DecoderPool {
  /**
   * Runs a job, once more in a new process if its own one ends by itself.
   *
   * @throws MediaError if the image ends its process; the signal's reason; DecoderError
   */
  run(job: PoolJob): Promise<Frame>
  /** Pids of the processes, those without a job included. */
  listPids(): number[]
  /** Ends every process and waits until it is gone. */
  close(): Promise<void>
}

/** Memory of a process beside what its job needs: the programs, and what earlier jobs left. */
const BASE_BYTES = 384 * 1024 * 1024
/** A decoder may need the pixels several times, at once and in other forms. */
const MEMORY_FACTOR = 4
const MESSAGES: Record<KillReason, string> = {
  deadline: 'takes too long to read: save it again in another format, or smaller',
  memory: 'takes too much memory to read: save it again in another format, or smaller',
  crash: 'cannot be read, because the decoder fails on it: save it again in another format',
}

export function createDecoderPool(options: DecoderPoolOptions): DecoderPool {
  const { log } = options
  const decoders = createDecoderSet(options)
  /** Runs a job in a process that is ready. @returns the response, or why the process has ended */
  const runIn = async (decoder: DecoderProcess, { request, input, bytes, ...job }: PoolJob) => {
    let exceeded: KillReason | undefined
    using _ = watchJob({
      pid: decoder.pid,
      deadlineMs: options.deadlineMs,
      maxBytes: BASE_BYTES + bytes * MEMORY_FACTOR,
      onSlow: () => {
        decoders.yield(decoder)
        job.onSlow()
      },
      onExceeded: reason => {
        exceeded = reason
        decoder.kill()
      },
    })
    try {
      return await decoder.run(request, input)
    } catch (err) {
      decoder.kill()
      const exit = await decoder.exited
      job.signal.throwIfAborted()
      const reason = exceeded ?? 'crash'
      const { operation } = request
      const ids = { reason, pid: decoder.pid, operation, bytes: getByteLength(input) }
      log.warn({ err, ...ids, ...exit }, 'image_decoder_killed')
      options.onKilled()
      return reason
    }
  }
  const tryRun = async (decoder: DecoderProcess, job: PoolJob) => {
    job.signal.addEventListener('abort', decoder.kill, { once: true })
    try {
      await decoder.ready
      if (!job.isSmall) decoders.yield(decoder)
      const outcome = await runIn(decoder, job)
      if (typeof outcome !== 'string') decoders.release(decoder)
      return outcome
    } catch (error) {
      job.signal.throwIfAborted()
      throw error
    } finally {
      job.signal.removeEventListener('abort', decoder.kill)
    }
  }
  return {
    run: async job => {
      job.signal.throwIfAborted()
      const first = await tryRun(decoders.acquire(job.isSmall), job)
      const outcome = first === 'crash' ? await tryRun(decoders.start(), job) : first
      if (typeof outcome === 'string') throw createKilledError(outcome)
      return outcome
    },
    listPids: decoders.listPids,
    close: decoders.close,
  }
}

function createKilledError(reason: KillReason): MediaError {
  return new MediaError('unfit', MESSAGES[reason], { cause: new DecoderKilledError(reason) })
}
