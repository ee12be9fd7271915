import { join } from 'node:path'
import { readDecoderEnvironment } from '@darkroom/infra/config'
import { type Frame, readFrames, sendFrame } from '@darkroom/infra/images/decoder/frames'
import { lowerPriority } from '@darkroom/infra/images/decoder/process-usage'
import { readTail } from '@darkroom/infra/runtime/read-stream'
import { withDeadline } from '@darkroom/infra/runtime/timers'
import { MAX_BODY_BYTES, type UpscaleRequest, type UpscaleResponse } from '../../../upscaler/protocol.ts'
import { ProviderError } from '../adapter.ts'

/** A process that enlarges one image at a time. */
export interface UpscalerProcess {
  readonly pid: number
  /** Resolves when the process is gone. */
  readonly exited: Promise<void>
  /**
   * Enlarges an image. Aborting does not end the work: `kill` does.
   *
   * @returns the encoded result
   * @throws ProviderError `provider_failed` when the process fails at it, or ends
   */
  run(request: UpscaleRequest, bytes: Uint8Array, onProgress: (share: number) => void): Promise<Uint8Array>
  /** Ends the process at once, with its work. */
  kill(): void
}

const PROGRAM = join(import.meta.dirname, '..', '..', '..', 'upscaler', 'main.ts')
const START_MS = 30_000
/** Others come first where the CPU is busy: a process of this niceness gets a tenth of the time that another gets beside it. */
const NICENESS = 10
const ENDED = 'The upscaler ended before the picture was done. You can try it again.'
const ERROR_OUTPUT_CHARACTERS = 1_000

/**
 * Starts the upscaler's process. It knows no setting of this process, and ends when this one does.
 *
 * @param directory folder of the installed packages
 * @throws ProviderError `provider_failed` when it does not start
 */
export async function startUpscalerProcess(directory: string): Promise<UpscalerProcess> {
  const child = Bun.spawn([process.execPath, '--no-install', '--smol', PROGRAM, directory], {
    stdin: 'pipe',
    stdout: 'pipe',
    stderr: 'pipe',
    env: readDecoderEnvironment(),
    // No `.env` and no `bunfig.toml` of a project is read there.
    cwd: '/',
  })
  const errorOutput = readTail(child.stderr, ERROR_OUTPUT_CHARACTERS)
  const responses = readFrames(child.stdout, MAX_BODY_BYTES)
  const kill = () => child.kill('SIGKILL')
  const next = async (): Promise<Frame> => {
    const { value } = await responses.next()
    if (value) return value
    throw new Error(`the upscaler's process ended: ${await errorOutput}`)
  }
  await waitUntilReady(next(), kill)
  lowerPriority(child.pid, NICENESS)
  return {
    pid: child.pid,
    exited: child.exited.then(() => {}),
    run: async (request, bytes, onProgress) => {
      try {
        const [result] = await Promise.all([readResult(next, onProgress), sendFrame(child.stdin, request, bytes)])
        return result
      } catch (cause) {
        if (cause instanceof ProviderError) throw cause
        throw new ProviderError('provider_failed', { message: ENDED, cause })
      }
    },
    kill,
  }
}

async function waitUntilReady(first: Promise<Frame>, kill: () => void): Promise<void> {
  try {
    await withDeadline(first, { milliseconds: START_MS, operation: 'starting the upscaler' })
  } catch (cause) {
    kill()
    const message = 'The upscaler does not start on this machine. The log of the processor says why.'
    throw new ProviderError('provider_failed', { message, cause })
  }
}

async function readResult(next: () => Promise<Frame>, onProgress: (share: number) => void): Promise<Uint8Array> {
  for (;;) {
    const { header, body } = await next()
    const response = header as UpscaleResponse
    if (response.kind === 'done') return body
    if (response.kind === 'progress') onProgress(response.share)
    if (response.kind === 'failed')
      throw new ProviderError('provider_failed', {
        message: 'The picture could not be enlarged.',
        cause: new Error(response.message),
      })
  }
}
