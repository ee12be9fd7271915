import { chunksOf, safeGet } from '@darkroom/infra/http/safe-get/safe-get'
import { type MediaLimits, mostBytesOf, tooLarge } from '@darkroom/infra/images/media'
import type { ByteBudget, ByteShare } from '@darkroom/infra/runtime/byte-budget'
import type { ProviderOutput } from '../providers/provider.ts'
import type { Spool, SpooledFile } from './spool.ts'

export interface ReceiveDeps {
  /** Origins on private addresses that outputs may come from. */
  allowOrigins: readonly string[]
  /** Of all outputs that this process is keeping at the moment. */
  budget: ByteBudget
  /** Where what is large is kept meanwhile. */
  spool: Spool
  limits: ReceiveLimits
}

export interface ReceiveLimits extends MediaLimits {
  /** For one fetch, from its first byte to its last. */
  fetchMs: number
  /** Longest silence in a fetch: who is silent keeps others from the memory. */
  stallMs: number
  /** What is larger is not held in memory. */
  bufferedBytes: number
}

/** An output's bytes, all of them, and the memory they take up until it is disposed of. */
export interface Received extends AsyncDisposable {
  body: Uint8Array | SpooledFile
  bytes: number
  /** in hex */
  sha256: string
}

/** What is in memory of one that goes to a file or comes from there: a few pieces, as large as the system gives them. */
const STREAM_BYTES = 2 * 1024 * 1024
/** So many tell what something is. */
const TELLING_BYTES = 64

/**
 * Gets an output's bytes, in memory or, where they are many, in a file. It waits for its share of the memory: once the provider
 * has answered, so that one that is silent takes none.
 *
 * @throws SafeGetError, MediaError if it is larger than its kind may be, the signal's reason
 */
export async function receive(deps: ReceiveDeps, output: ProviderOutput, signal: AbortSignal): Promise<Received> {
  await using stack = new AsyncDisposableStack()
  const take = async (bytes: number) => stack.use(await deps.budget.take(bytes, signal))
  if (output.kind === 'bytes') await take(output.bytes.byteLength)
  const body = output.kind === 'bytes' ? output.bytes : await fetchBody(deps, output, take, signal)
  const known = body instanceof Uint8Array ? describe(body) : stack.use(body)
  const held = stack.move()
  return { body, bytes: known.bytes, sha256: known.sha256, [Symbol.asyncDispose]: () => held.disposeAsync() }
}

async function fetchBody(
  { allowOrigins, spool, limits }: ReceiveDeps,
  { url, headers = {} }: Extract<ProviderOutput, { kind: 'url' }>,
  take: (bytes: number) => Promise<ByteShare>,
  signal: AbortSignal,
): Promise<Uint8Array | SpooledFile> {
  const maxBytes = Math.max(limits.picture.bytes, limits.videoBytes)
  const { fetchMs: deadlineMs, stallMs } = limits
  const response = await safeGet(url, { maxBytes, deadlineMs, stallMs, signal, allowOrigins, headers })
  const isLong = (response.contentLength ?? 0) > limits.bufferedBytes
  const share = await take(isLong ? STREAM_BYTES : (response.contentLength ?? limits.bufferedBytes))
  const chunks = chunksOf(response, signal)
  try {
    const { start, isAll } = await readStart(chunks, isLong ? TELLING_BYTES : limits.bufferedBytes)
    if (isAll) return start
    const all = joined(start, chunks, () => share.shrinkTo(STREAM_BYTES))
    return await spool.write(limited(all, mostBytesOf(start, limits)))
  } finally {
    await chunks.return()
  }
}

/** Reads until it has more than so many bytes, or all that there are. */
async function readStart(
  chunks: AsyncGenerator<Uint8Array, void>,
  bytes: number,
): Promise<{ start: Uint8Array; isAll: boolean }> {
  const pieces: Uint8Array[] = []
  for (let length = 0; length <= bytes; ) {
    const next = await chunks.next()
    if (next.done) return { start: Buffer.concat(pieces), isAll: true }
    pieces.push(next.value)
    length += next.value.byteLength
  }
  return { start: Buffer.concat(pieces), isAll: false }
}

async function* joined(
  start: Uint8Array,
  rest: AsyncIterable<Uint8Array>,
  onStartTaken: () => void,
): AsyncGenerator<Uint8Array> {
  yield start
  onStartTaken()
  yield* rest
}

async function* limited(chunks: AsyncIterable<Uint8Array>, most: number): AsyncGenerator<Uint8Array> {
  let bytes = 0
  for await (const chunk of chunks) {
    bytes += chunk.byteLength
    if (bytes > most) throw tooLarge(most)
    yield chunk
  }
}

function describe(bytes: Uint8Array): { bytes: number; sha256: string } {
  return { bytes: bytes.byteLength, sha256: new Bun.CryptoHasher('sha256').update(bytes).digest('hex') }
}
