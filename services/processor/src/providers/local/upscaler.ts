import type { Log } from '@darkroom/infra/log'
import { untilAborted } from '@darkroom/infra/runtime/timers'
import pLimit from 'p-limit'
import type { Scale } from '../../../upscaler/protocol.ts'
import { ProviderError } from '../adapter.ts'
import type { LocalPackages } from './local-packages.ts'
import { startUpscalerProcess, type UpscalerProcess } from './upscaler-process.ts'

/** An image that is to be enlarged. */
export interface UpscaleTask {
  /** The encoded image. */
  bytes: Uint8Array
  scale: Scale
  /** Called with the share that is done, from 0 to 1. */
  onProgress?: ((share: number) => void) | undefined
}

/**
 * Enlarges images, one at a time in the order in which they come, in a process of its own. It is started when there is an image, and
 * ended when there was none for a while.
 */
export interface Upscaler {
  /** Installs what is needed, where it is missing. @throws ProviderError `provider_failed`; the signal's reason */
  prepare(signal: AbortSignal): Promise<void>
  /**
   * Enlarges an image. Aborting ends the work at once.
   *
   * @returns a PNG
   * @throws ProviderError; the signal's reason
   */
  upscale(task: UpscaleTask, signal: AbortSignal): Promise<Uint8Array>
  /** Returns whether an image is being enlarged. */
  isBusy(): boolean
  /** Pids of the processes: one at most. */
  listPids(): number[]
  /** Ends the process and waits until it is gone. */
  close(): Promise<void>
}

export interface UpscalerOptions {
  packages: LocalPackages
  log: Log
  /** Time after which a process without work ends. */
  idleMs?: number
}

const IDLE_MS = 60_000

/** Opens an upscaler. Nothing is installed or started before it is needed. */
export function openUpscaler({ packages, log, idleMs = IDLE_MS }: UpscalerOptions): Upscaler {
  const limit = pLimit(1)
  const closing = new AbortController()
  let current: UpscalerProcess | undefined
  let idleTimer: Timer | undefined

  const end = async (child: UpscalerProcess) => {
    if (current === child) current = undefined
    child.kill()
    await child.exited
  }
  const getProcess = async (directory: string) => {
    clearTimeout(idleTimer)
    if (current) return current
    const child = await startUpscalerProcess(directory)
    log.debug({ pid: child.pid }, 'upscaler_started')
    current = child
    void child.exited.then(() => {
      if (current === child) current = undefined
    })
    return child
  }
  const run = async ({ bytes, scale, onProgress = () => {} }: UpscaleTask, signal: AbortSignal) => {
    signal.throwIfAborted()
    const child = await getProcess(await packages.install(signal))
    try {
      signal.throwIfAborted()
      const result = await untilAborted(child.run({ scale }, bytes, onProgress), signal)
      idleTimer = setTimeout(() => void end(child), idleMs)
      idleTimer.unref()
      return result
    } catch (err) {
      if (!signal.aborted) log.warn({ err, pid: child.pid, scale, bytes: bytes.byteLength }, 'upscale_failed')
      await end(child)
      throw err
    }
  }
  return {
    prepare: async signal => void (await packages.install(AbortSignal.any([signal, closing.signal]))),
    upscale: async (task, taskSignal) => {
      const signal = AbortSignal.any([taskSignal, closing.signal])
      const work = limit(() => run(task, signal))
      // Prevents an unhandled-rejection crash: the caller that has gone does not wait for the end of the process.
      work.catch(() => {})
      return await untilAborted(work, signal)
    },
    isBusy: () => limit.activeCount > 0,
    listPids: () => (current ? [current.pid] : []),
    close: async () => {
      closing.abort(new ProviderError('interrupted', { message: 'The upscaler was closed.' }))
      clearTimeout(idleTimer)
      await limit(async () => current && (await end(current)))
    },
  }
}
