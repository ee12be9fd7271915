import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { ratioOf, readMetadata } from './metadata.ts'
import { pngTexts } from './png-text.ts'
import { type Imported, RecordError } from './record.ts'

/** What a picture of a folder says, or what is wrong with it. */
export type Read = { file: string; record: Imported } | { file: string; error: RecordError }

/** The pictures of a folder and those below it, in the order of their names, each as the generation that it says it is. */
export async function* readFolder(folder: string): AsyncGenerator<Read> {
  const names = (await readdir(folder, { recursive: true })).filter(name => /\.png$/i.test(name)).toSorted()
  for (const file of names) yield await read(folder, file)
}

async function read(folder: string, file: string): Promise<Read> {
  const path = join(folder, file)
  const [bytes, { mtime }] = await Promise.all([Bun.file(path).bytes(), stat(path)])
  const made = readMetadata(pngTexts(bytes))
  if (!made) return { file, error: new RecordError('says nothing of how it was made') }
  const ratio = bytes.byteLength > 24 ? ratioOf(...sizeOf(bytes)) : undefined
  const record: Imported = {
    externalId: `sha256:${new Bun.CryptoHasher('sha256').update(bytes).digest('hex')}`,
    prompt: made.prompt.slice(0, 32_000),
    model: made.model ?? 'unknown',
    kind: 'image',
    status: 'completed',
    error: null,
    parameters: { numOutputs: 1, ...(ratio ? { aspectRatio: ratio } : {}), ...made.parameters },
    outputs: [{ url: null, file, width: null, height: null }],
    createdAt: mtime,
    completedAt: mtime,
  }
  return { file, record }
}

/** A PNG's header begins with its size; whether the rest is a picture is told when it is stored. */
function sizeOf(bytes: Uint8Array): [number, number] {
  const header = new DataView(bytes.buffer, bytes.byteOffset)
  return [header.getUint32(16), header.getUint32(20)]
}
