import { readChunks, safeGet } from '@darkroom/infra/http/safe-get/safe-get'
import { SIGNATURE_BYTES } from '@darkroom/infra/images/image-formats'
import { createTooLargeError, getMaxBytes, type MediaLimits } from '@darkroom/infra/images/media'
import type { ByteBudget, ByteReservation } from '@darkroom/infra/runtime/byte-budget'
import type { DownloadAccess, ProviderOutput } from '../providers/adapter.ts'
import type { Spool, SpooledFile } from './spool.ts'

/** An output that has something to download. */
export type DownloadableOutput = Exclude<ProviderOutput, { kind: 'refused' }>

export interface DownloadDeps {
  /** Headers and origins for outputs on the connection's own server. Absent: they are fetched as any other URL. */
  access?: DownloadAccess | undefined
  /** Origins on private addresses from which outputs may be fetched. */
  allowOrigins: readonly string[]
  /** Memory for the outputs that this process is storing. */
  budget: Pick<ByteBudget, 'reserve'>
  /** Files for outputs that are too large for the memory. */
  spool: Spool
  limits: DownloadLimits
}

export interface DownloadLimits extends MediaLimits {
  /** Time limit of one fetch, from its start to its last byte. */
  deadlineMs: number
  /** Longest time without a byte in a fetch: a stalled fetch withholds memory from others. */
  idleTimeoutMs: number
  /** Largest output that is buffered in memory; a larger one is spooled to a file. */
  maxBufferedBytes: number
}

/** An output that was downloaded whole. Disposing of it frees its memory or removes its file. */
export interface DownloadedOutput extends AsyncDisposable {
  body: Uint8Array | SpooledFile
  bytes: number
  /** in hex */
  sha256: string
}

/** Memory of an output that is written to a file or read from one: a few chunks, as large as the system gives them. */
const STREAM_BUFFER_BYTES = 2 * 1024 * 1024

/**
 * Downloads an output to memory, or to a spool file above `maxBufferedBytes`. Memory is reserved only once the response
 * headers have arrived: a provider that does not respond takes none.
 *
 * @throws SafeGetError when the fetch fails
 * @throws MediaError when the output is larger than its kind may be
 * @throws the signal's reason once it is aborted
 */
export async function downloadOutput(
  deps: DownloadDeps,
  output: DownloadableOutput,
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
  { allowOrigins, access, spool, limits }: DownloadDeps,
  { url, needsAuth = false }: Extract<ProviderOutput, { kind: 'url' }>,
  reserve: (bytes: number) => Promise<ByteReservation>,
  signal: AbortSignal,
): Promise<Uint8Array | SpooledFile> {
  const maxBytes = Math.max(limits.image.bytes, limits.videoBytes)
  const { deadlineMs, idleTimeoutMs } = limits
  const origins = [...allowOrigins, ...(access?.origins ?? [])]
  // A key goes to the connection's own origins alone; safeGet drops the headers where a redirect leaves the origin.
  const headers = needsAuth && access?.origins.includes(new URL(url).origin) ? access.headers : {}
  const response = await safeGet(url, { maxBytes, deadlineMs, idleTimeoutMs, signal, allowOrigins: origins, headers })
  const isStreamed = (response.contentLength ?? 0) > limits.maxBufferedBytes
  const reservation = await reserve(
    isStreamed ? STREAM_BUFFER_BYTES : (response.contentLength ?? limits.maxBufferedBytes),
  )
  const chunks = readChunks(response, signal)
  try {
    const { start, isComplete } = await readStart(chunks, isStreamed ? SIGNATURE_BYTES : limits.maxBufferedBytes)
    if (isComplete) return start
    const all = prepend(start, chunks, () => reservation.shrinkTo(STREAM_BUFFER_BYTES))
    return await spool.write(limitBytes(all, getMaxBytes(start, limits)))
  } finally {
    await chunks.return()
  }
}

/** Reads until there are more than `bytes` bytes, or to the end. */
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
