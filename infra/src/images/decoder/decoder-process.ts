import { readDecoderEnvironment } from '../../config.ts'
import { readTail } from '../../runtime/read-stream.ts'
import { withDeadline } from '../../runtime/timers.ts'
import type { MediaInput } from '../media-input.ts'
import { DecoderError } from './decoder-error.ts'
import { type Frame, MAX_IMAGE_BYTES, readFrames, sendFrame } from './frames.ts'
import type { JobRequest } from './serve-operations.ts'

/** A process that works on one image at a time. */
export interface DecoderProcess {
  readonly pid: number
  /** Resolves when the process accepts jobs. @throws DecoderError `unstartable` */
  readonly ready: Promise<void>
  /** Resolves when the process is gone, with what it wrote to standard error last. */
  readonly exited: Promise<{ exitCode: number | null; signal: string | number | null; errorOutput: string }>
  /** Runs a job. @throws Error if the process ends first, or responds with something that is no frame */
  run(request: JobRequest, input: MediaInput): Promise<Frame>
  /** Ends the process at once, with its job. */
  kill(): void
}

const START_MS = 30_000
const ERROR_OUTPUT_CHARACTERS = 1_000

/** Starts a decoder process. It knows no setting of this process, and ends when this one does. */
export function startDecoderProcess(script: string): DecoderProcess {
  const child = Bun.spawn([process.execPath, '--no-install', '--smol', script], {
    stdin: 'pipe',
    stdout: 'pipe',
    stderr: 'pipe',
    env: readDecoderEnvironment(),
    // No `.env` and no `bunfig.toml` of a project is read there.
    cwd: '/',
  })
  const errorOutput = readTail(child.stderr, ERROR_OUTPUT_CHARACTERS)
  const exited = child.exited.then(async () => {
    return { exitCode: child.exitCode, signal: child.signalCode, errorOutput: await errorOutput }
  })
  const frames = readFrames(child.stdout, MAX_IMAGE_BYTES)
  const readResponse = async () => {
    const next = await frames.next()
    if (next.done) throw new Error('the decoder process ended')
    return next.value
  }
  const kill = () => child.kill('SIGKILL')
  const ready = waitUntilReady({ kill, exited }, readResponse())
  // The job that gets the process waits for this. It may be aborted before.
  ready.catch(() => {})
  return {
    pid: child.pid,
    ready,
    exited,
    run: async (request, input) => {
      const [response] = await Promise.all([readResponse(), sendRequest(child.stdin, request, input)])
      return response
    },
    kill,
  }
}

async function waitUntilReady(
  { kill, exited }: Pick<DecoderProcess, 'kill' | 'exited'>,
  firstFrame: Promise<Frame>,
): Promise<void> {
  try {
    await withDeadline(firstFrame, { milliseconds: START_MS, operation: 'starting an image decoder' })
  } catch (cause) {
    kill()
    const { errorOutput } = await exited
    throw new DecoderError('unstartable', `no image decoder starts: ${errorOutput}`, { cause })
  }
}

async function sendRequest(pipe: Bun.FileSink, request: JobRequest, input: MediaInput): Promise<void> {
  const body = input instanceof Uint8Array ? input : new Uint8Array()
  const header = input instanceof Uint8Array ? request : { ...request, file: input }
  await sendFrame(pipe, header, body)
}
