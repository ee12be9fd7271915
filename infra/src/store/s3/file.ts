import type { PutObjectCommand } from '@aws-sdk/client-s3'
import { type FileBody, StoreError } from '../../store.ts'

/**
 * A file's bytes, read as they are asked for. It is let go of when its end is reached, when nobody wants more, or when the
 * signal is aborted. It ends in an error if the file has another size than it is said to have.
 *
 * @param options `onChunk` is shown each piece before it is given
 */
export function fileStream(
  { path, bytes }: FileBody,
  { onChunk, signal }: { onChunk: (chunk: Uint8Array) => void; signal: AbortSignal },
): ReadableStream<Uint8Array> {
  let left = bytes
  const reader = Bun.file(path).stream().getReader()
  const letGo = () => void reader.cancel(signal.reason).catch(() => undefined)
  signal.addEventListener('abort', letGo, { once: true })
  return new ReadableStream(
    {
      pull: async controller => {
        const next = await reader.read()
        signal.throwIfAborted()
        left -= next.value?.byteLength ?? 0
        if (left < 0 || (next.done && left > 0)) throw new StoreError('a file changed while it was sent')
        if (next.done) return controller.close()
        onChunk(next.value)
        controller.enqueue(next.value)
      },
      cancel: letGo,
    },
    { highWaterMark: 0 },
  )
}

/** Has a request signed with the hash that its body is known to have, so that the server can refuse any other. */
export function withPayloadHash(command: PutObjectCommand, sha256: string): void {
  command.middlewareStack.add(
    next => async args => {
      Object.assign(headersOf(args.request), { 'x-amz-content-sha256': sha256 })
      return await next(args)
    },
    { step: 'build', name: 'payloadHash' },
  )
}

function headersOf(request: unknown): object {
  if (typeof request !== 'object' || request === null || !('headers' in request)) throw new Error('not a request')
  const { headers } = request
  if (typeof headers !== 'object' || headers === null) throw new Error('not a request')
  return headers
}
