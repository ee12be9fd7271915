import { closeSync, openSync, readSync } from 'node:fs'
import type { Md5Request, Md5Response } from './md5-thread.ts'

/** The thread of `createMd5Thread`: it reads files as they grow. */

declare const self: Worker

interface GrowingFile {
  descriptor: number
  hash: Bun.CryptoHasher
  bytes: number
}

const buffer = new Uint8Array(256 * 1024)
const files = new Map<number, GrowingFile>()

self.onmessage = ({ data }: MessageEvent<Md5Request>) => {
  if (data.type === 'end') return end()
  try {
    const md5 = handle(data)
    if (md5 !== undefined) respond({ id: data.id, md5 })
  } catch (error) {
    respond({ id: data.id, error: error instanceof Error ? error.message : String(error) })
  }
}

/** Ends the thread. Its files would stay open in the process otherwise. */
function end(): void {
  for (const { descriptor } of files.values()) closeSync(descriptor)
  process.exit()
}

function respond(response: Md5Response): void {
  self.postMessage(response)
}

/** Handles a request. @returns the MD5 of a file that is complete */
function handle(request: Exclude<Md5Request, { type: 'end' }>): string | undefined {
  if (request.type === 'opened') {
    files.set(request.id, { descriptor: openSync(request.path, 'r'), hash: new Bun.CryptoHasher('md5'), bytes: 0 })
    return undefined
  }
  const file = files.get(request.id)
  if (!file) return undefined
  if (request.type === 'grown') {
    readUntil(file, request.bytes)
    return undefined
  }
  files.delete(request.id)
  closeSync(file.descriptor)
  return request.type === 'complete' ? file.hash.digest('hex') : undefined
}

function readUntil(file: GrowingFile, end: number): void {
  while (file.bytes < end) {
    const length = Math.min(buffer.byteLength, end - file.bytes)
    const read = readSync(file.descriptor, buffer, 0, length, file.bytes)
    if (read === 0) throw new Error('the file is shorter than it was written')
    file.hash.update(buffer.subarray(0, read))
    file.bytes += read
  }
}
