import type { Log } from '../../log.ts'
import { DecoderError } from './decoder-error.ts'
import { type DecoderProcess, startDecoderProcess } from './decoder-process.ts'
import { lowerPriority, readResidentBytes } from './process-usage.ts'

export interface DecoderSetOptions {
  /** Program of a decoder process. */
  script: string
  /** Processes that wait for a job at once, of each priority. Others end after theirs. */
  maxIdle: number
  /** Time after which a process without a job ends. */
  idleMs: number
  log: Log
}

/** The decoder processes of this process: those at work, and those that wait for a job. */
export interface DecoderSet {
  /**
   * Returns a process that waits for a job, else starts one.
   *
   * @param isPreferred whether the process has the priority of this one
   * @throws DecoderError `closed`
   */
  acquire(isPreferred: boolean): DecoderProcess
  /** Starts a process. @throws DecoderError `closed` */
  start(): DecoderProcess
  /** Takes a process back after a job. It is ended if it has become large. */
  release(decoder: DecoderProcess): void
  /** Lowers the priority of a process, which cannot be raised again: this one and the others come first where the CPU is busy. */
  yield(decoder: DecoderProcess): void
  listPids(): number[]
  /** Ends every process and waits until it is gone. */
  close(): Promise<void>
}

/** Memory of a process without a job above which it is not used again. */
const RECYCLE_BYTES = 256 * 1024 * 1024
const MAX_JOBS = 1_000
/** A process of this niceness gets a third of the CPU time that another gets beside it. */
const NICENESS = 5

export function createDecoderSet({ script, maxIdle, idleMs, log }: DecoderSetOptions): DecoderSet {
  const decoders = new Map<DecoderProcess, { jobs: number; isPreferred: boolean }>()
  const idle = new Map<DecoderProcess, Timer>()
  let isClosed = false

  const idleOf = (isPreferred: boolean) =>
    [...idle.keys()].filter(decoder => decoders.get(decoder)?.isPreferred === isPreferred)
  const removeIdle = (decoder: DecoderProcess) => {
    clearTimeout(idle.get(decoder))
    idle.delete(decoder)
  }
  const start = () => {
    if (isClosed) throw new DecoderError('closed', 'the image decoder is closed')
    const decoder = startDecoderProcess(script)
    decoders.set(decoder, { jobs: 0, isPreferred: true })
    void decoder.exited.then(() => {
      decoders.delete(decoder)
      removeIdle(decoder)
    })
    log.debug({ pid: decoder.pid }, 'image_decoder_started')
    return decoder
  }
  return {
    acquire: isPreferred => {
      // The last one: others become idle for long, and end.
      const decoder = idleOf(isPreferred).at(-1)
      if (!decoder) return start()
      removeIdle(decoder)
      return decoder
    },
    start,
    release: decoder => {
      const state = decoders.get(decoder)
      const isUsedUp = isClosed || !state || ++state.jobs >= MAX_JOBS
      const isSpare = idleOf(state?.isPreferred ?? false).length >= maxIdle
      if (isUsedUp || isSpare || (readResidentBytes(decoder.pid) ?? 0) > RECYCLE_BYTES) return decoder.kill()
      idle.set(decoder, setTimeout(decoder.kill, idleMs))
    },
    yield: decoder => {
      const state = decoders.get(decoder)
      if (!state?.isPreferred) return
      state.isPreferred = false
      lowerPriority(decoder.pid, NICENESS)
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
