import { readChunks, safeGet } from '@darkroom/infra/http/safe-get/safe-get'
import { createTooLargeError, getMaxBytes, type MediaLimits } from '@darkroom/infra/images/media'
import type { ByteBudget, ByteReservation } from '@darkroom/infra/runtime/byte-budget'
import type { ProviderOutput } from '../providers/provider.ts'
import type { Spool, SpooledFile } from './spool.ts'

export interface DownloadDeps {
  /** Origins on private addresses that outputs may come from. */
  allowOrigins: readonly string[]
  /** Of all outputs that this process is keeping at the moment. */
  budget: ByteBudget
  /** Where what is large is kept meanwhile. */
  spool: Spool
  limits: DownloadLimits
}

export interface DownloadLimits extends MediaLimits {
  /** For one fetch, from its first byte to its last. */
  deadlineMs: number
  /** Longest silence in a fetch: who is silent keeps others from the memory. */
  idleTimeoutMs: number
  /** What is larger is not held in memory. */
  maxBufferedBytes: number
}

/** An output's bytes, all of them, and the memory they take up until it is disposed of. */
export interface DownloadedOutput extends AsyncDisposable {
  body: Uint8Array | SpooledFile
  bytes: number
  /** in hex */
  sha256: string
}

/** What is in memory of one that goes to a file or comes from there: a few pieces, as large as the system gives them. */
const STREAM_BUFFER_BYTES = 2 * 1024 * 1024
/** So many tell what something is. */
const SNIFF_BYTES = 64

/**
 * Gets an output's bytes, in memory or, where they are many, in a file. It waits for its share of the memory: once the provider
 * has answered, so that one that is silent takes none.
 *
 * @throws SafeGetError, MediaError if it is larger than its kind may be, the signal's reason
 */
export async function downloadOutput(
  deps: DownloadDeps,
  output: ProviderOutput,
  signal: AbortSignal,
): Promise<DownloadedOutput> {
  await using stack = new AsyncDisposableStack()
  const reserve = async (bytes: number) => stack.use(await deps.budget.reserve(bytes, signal))
  if (output.kind === 'bytes') await reserve(output.bytes.byteLength)
  const body = output.kind === 'bytes' ? output.bytes : await fetchBody(deps, output, reserve, signal)
  const digest = body instanceof Uint8Array ? computeDigest(body) : stack.use(body)
  const resources = stack.move()
  return { body, bytes: digest.bytes, sha256: digest.sha256, [Symbol.asyncDispose]: () => resources.disposeAsync() }
}

async function fetchBody(
  { allowOrigins, spool, limits }: DownloadDeps,
  { url, headers = {} }: Extract<ProviderOutput, { kind: 'url' }>,
  reserve: (bytes: number) => Promise<ByteReservation>,
  signal: AbortSignal,
): Promise<Uint8Array | SpooledFile> {
  const maxBytes = Math.max(limits.image.bytes, limits.videoBytes)
  const { deadlineMs, idleTimeoutMs } = limits
  const response = await safeGet(url, { maxBytes, deadlineMs, idleTimeoutMs, signal, allowOrigins, headers })
  const isStreamed = (response.contentLength ?? 0) > limits.maxBufferedBytes
  const reservation = await reserve(
    isStreamed ? STREAM_BUFFER_BYTES : (response.contentLength ?? limits.maxBufferedBytes),
  )
  const chunks = readChunks(response, signal)
  try {
    const { start, isComplete } = await readStart(chunks, isStreamed ? SNIFF_BYTES : limits.maxBufferedBytes)
    if (isComplete) return start
    const all = prepend(start, chunks, () => reservation.shrinkTo(STREAM_BUFFER_BYTES))
    return await spool.write(limitBytes(all, getMaxBytes(start, limits)))
  } finally {
    await chunks.return()
  }
}

/** Reads until it has more than so many bytes, or all that there are. */
async function readStart(
  chunks: AsyncGenerator<Uint8Array, void>,
  bytes: number,
): Promise<{ start: Uint8Array; isComplete: boolean }> {
  const pieces: Uint8Array[] = []
  for (let length = 0; length <= bytes; ) {
    const next = await chunks.next()
    if (next.done) return { start: Buffer.concat(pieces), isComplete: true }
    pieces.push(next.value)
    length += next.value.byteLength
  }
  return { start: Buffer.concat(pieces), isComplete: false }
}

async function* prepend(
  start: Uint8Array,
  rest: AsyncIterable<Uint8Array>,
  onStartConsumed: () => void,
): AsyncGenerator<Uint8Array> {
  yield start
  onStartConsumed()
  yield* rest
}

async function* limitBytes(chunks: AsyncIterable<Uint8Array>, maxBytes: number): AsyncGenerator<Uint8Array> {
  let bytes = 0
  for await (const chunk of chunks) {
    bytes += chunk.byteLength
    if (bytes > maxBytes) throw createTooLargeError(maxBytes)
    yield chunk
  }
}

function computeDigest(bytes: Uint8Array): { bytes: number; sha256: string } {
  return { bytes: bytes.byteLength, sha256: new Bun.CryptoHasher('sha256').update(bytes).digest('hex') }
}
