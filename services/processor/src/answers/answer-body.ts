import { type FileHandle, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { untilAborted } from '@darkroom/infra/runtime/timers'
import { syncFolder } from './durable-file.ts'

/** The body of an answer that is being written to a file. Readers in this process follow it. */
export interface AnswerBody {
  /** Appends bytes. Returns once they are on the disk. After a failure, the same bytes may be appended again. */
  append(chunk: Uint8Array): Promise<void>
  /** Closes the file. Readers end, or throw `error` after the last byte. */
  close(error?: unknown): Promise<void>
  /** Reads from the start, and waits for more until the body is closed. @throws the signal's reason once it is aborted */
  follow(signal: AbortSignal): AsyncGenerator<Uint8Array, void>
}

const READ_BYTES = 256 * 1024

/** Creates the file, which must not exist. */
export async function createAnswerBody(path: string): Promise<AnswerBody> {
  const file = await open(path, 'wx', 0o600)
  await syncFolder(dirname(path))
  let length = 0
  let state: { kind: 'open' } | { kind: 'closed'; error: unknown } = { kind: 'open' }
  let changed = Promise.withResolvers<void>()
  const notify = () => {
    changed.resolve()
    changed = Promise.withResolvers()
  }
  return {
    append: async chunk => {
      await writeAt(file, chunk, length)
      await file.datasync()
      length += chunk.byteLength
      notify()
    },
    close: async error => {
      if (state.kind === 'closed') return
      state = { kind: 'closed', error }
      await file.close()
      notify()
    },
    async *follow(signal) {
      const reader = await open(path, 'r')
      try {
        for (;;) {
          const [end, change] = [state, changed.promise]
          yield* readRest(reader, signal)
          if (end.kind === 'open') await untilAborted(change, signal)
          else if (end.error === undefined) return
          else throw end.error
        }
      } finally {
        await reader.close()
      }
    },
  }
}

/** Writes all of `chunk`, over what an earlier try may have left there. */
async function writeAt(file: FileHandle, chunk: Uint8Array, position: number): Promise<void> {
  for (let written = 0; written < chunk.byteLength; ) {
    const { bytesWritten } = await file.write(chunk, written, chunk.byteLength - written, position + written)
    written += bytesWritten
  }
}

/** Reads the body of an answer that was written by another process. @throws the signal's reason once it is aborted */
export async function* readAnswerBody(path: string, signal: AbortSignal): AsyncGenerator<Uint8Array, void> {
  const reader = await open(path, 'r')
  try {
    yield* readRest(reader, signal)
  } finally {
    await reader.close()
  }
}

/** Reads from the handle's position to the present end of the file. */
async function* readRest(reader: FileHandle, signal: AbortSignal): AsyncGenerator<Uint8Array, void> {
  for (;;) {
    signal.throwIfAborted()
    const { bytesRead, buffer } = await reader.read(new Uint8Array(READ_BYTES))
    if (bytesRead === 0) return
    yield buffer.subarray(0, bytesRead)
  }
}
