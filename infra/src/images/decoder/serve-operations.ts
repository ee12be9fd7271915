import { writeFileSync } from 'node:fs'
import { MediaError } from '../media-error.ts'
import type { MediaInput } from '../media-input.ts'
import { encodeFrameStart, type Frame, MAX_IMAGE_BYTES, readFrames } from './frames.ts'
import { packValue } from './packed-value.ts'
import { endWithParent } from './parent-death.ts'

/** A job as the service sends it. The bytes of its image are the body of the frame, unless it is in a file. */
export interface JobRequest {
  operation: string
  options: object
  file?: { path: string; bytes: number }
}

/** The outcome of a job. `refused`: the image is no image that is accepted. `failed`: anything else went wrong. */
export type JobResponse =
  | { kind: 'done'; value: unknown }
  | { kind: 'refused'; reason: MediaError['reason']; message: string }
  | { kind: 'failed'; message: string }

type Operations = Record<string, (input: MediaInput, options: never) => Promise<unknown>>

/** Bytes of images after which garbage is collected: image buffers lie outside the heap. */
const COLLECT_BYTES = 16_000_000

/**
 * Serves jobs that arrive on standard input until that ends, which is when the service ends it or has died. This process then ends
 * at once, in the middle of a job as well.
 */
export async function serveOperations(operations: Operations): Promise<void> {
  endWithParent()
  preferForOutOfMemory()
  const output = Bun.stdout.writer()
  let uncollected = 0
  const respond = async (response: JobResponse, parts: readonly Uint8Array[]) => {
    const bytes = parts.reduce((sum, part) => sum + part.byteLength, 0)
    output.write(encodeFrameStart(response, bytes))
    for (const part of parts) output.write(part)
    await output.flush()
  }
  const serve = async (frame: Frame) => {
    const { response, parts } = await runJob(operations, frame)
    await respond(response, parts)
    uncollected += frame.body.byteLength
    if (uncollected < COLLECT_BYTES) return
    uncollected = 0
    Bun.gc(true)
  }
  await respond({ kind: 'done', value: 'ready' }, [])
  // Jobs are not waited for here: the end of the input is noticed while one runs.
  for await (const frame of readFrames(Bun.stdin.stream(), MAX_IMAGE_BYTES)) void serve(frame)
  process.kill(process.pid, 'SIGKILL')
}

async function runJob(operations: Operations, frame: Frame): Promise<{ response: JobResponse; parts: Uint8Array[] }> {
  try {
    const { operation, options, file } = frame.header as JobRequest
    const run = operations[operation]
    if (!run) throw new Error(`there is no operation ${operation}`)
    const { value, parts } = packValue(await run(file ?? frame.body, options as never))
    return { response: { kind: 'done', value }, parts }
  } catch (error) {
    return { response: toResponse(error), parts: [] }
  }
}

function toResponse(error: unknown): JobResponse {
  if (error instanceof MediaError) return { kind: 'refused', reason: error.reason, message: error.message }
  return { kind: 'failed', message: error instanceof Error ? error.message : String(error) }
}

/** Makes Linux end this process before any other of the studio when memory runs out. */
export function preferForOutOfMemory(): void {
  try {
    writeFileSync('/proc/self/oom_score_adj', '1000')
  } catch {
    // Not Linux, or not allowed.
  }
}
