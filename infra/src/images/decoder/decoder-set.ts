import type { Log } from '../../log.ts'
import { DecoderError } from './decoder-error.ts'
import { type DecoderProcess, startDecoderProcess } from './decoder-process.ts'
import { readResidentBytes } from './process-usage.ts'

export interface DecoderSetOptions {
  /** Program of a decoder process. */
  script: string
  /** Time after which a process without a job ends. */
  idleMs: number
  log: Log
}

/** The decoder processes of this process: those at work, and those that wait for a job. */
export interface DecoderSet {
  /** Returns a process that waits for a job, else starts one. @throws DecoderError `closed` */
  acquire(): DecoderProcess
  /** Starts a process. @throws DecoderError `closed` */
  start(): DecoderProcess
  /** Takes a process back after a job. It is ended if it has become slow or large. */
  release(decoder: DecoderProcess): void
  /** Marks a process whose priority was lowered, which cannot be raised again. */
  markSlow(decoder: DecoderProcess): void
  listPids(): number[]
  /** Ends every process and waits until it is gone. */
  close(): Promise<void>
}

/** Memory of a process without a job above which it is not used again. */
const RECYCLE_BYTES = 256 * 1024 * 1024
const MAX_JOBS = 1_000

export function createDecoderSet({ script, idleMs, log }: DecoderSetOptions): DecoderSet {
  const decoders = new Map<DecoderProcess, { jobs: number; isSlow: boolean }>()
  const idle = new Map<DecoderProcess, Timer>()
  let isClosed = false

  const removeIdle = (decoder: DecoderProcess) => {
    clearTimeout(idle.get(decoder))
    idle.delete(decoder)
  }
  const start = () => {
    if (isClosed) throw new DecoderError('closed', 'the image decoder is closed')
    const decoder = startDecoderProcess(script)
    decoders.set(decoder, { jobs: 0, isSlow: false })
    void decoder.exited.then(() => {
      decoders.delete(decoder)
      removeIdle(decoder)
    })
    log.debug({ pid: decoder.pid }, 'image_decoder_started')
    return decoder
  }
  return {
    acquire: () => {
      // The last one: others become idle for long, and end.
      const decoder = [...idle.keys()].at(-1)
      if (!decoder) return start()
      removeIdle(decoder)
      return decoder
    },
    start,
    release: decoder => {
      const state = decoders.get(decoder)
      const isUsedUp = isClosed || !state || state.isSlow || ++state.jobs >= MAX_JOBS
      if (isUsedUp || (readResidentBytes(decoder.pid) ?? 0) > RECYCLE_BYTES) return decoder.kill()
      idle.set(decoder, setTimeout(decoder.kill, idleMs))
    },
    markSlow: decoder => {
      const state = decoders.get(decoder)
      if (state) state.isSlow = true
    },
    listPids: () => [...decoders.keys()].map(({ pid }) => pid),
    close: async () => {
      isClosed = true
      const all = [...decoders.keys()]
      for (const decoder of all) decoder.kill()
      await Promise.all(all.map(({ exited }) => exited))
    },
  }
}
