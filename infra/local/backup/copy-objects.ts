import { readStream } from '../../src/runtime/read-stream.ts'
import { retry } from '../../src/runtime/retry.ts'
import { RETRY_POLICIES } from '../../src/runtime/retry-policies.ts'
import { InvalidKeyError, type Store } from '../../src/store/store.ts'
import { createFileWriter, type Digest } from './digest.ts'
import { isDiskFull } from './disk-full.ts'
import { mapInOrder } from './map-in-order.ts'
import type { NamedObject } from './named-objects.ts'
import type { ObjectFiles } from './object-files.ts'
import { type EntryLookup, isMissing, type ObjectEntry, type StoredEntry, writeEntry } from './object-list.ts'
import type { ProgressStep } from './progress.ts'

export interface CopyObjectsOptions {
  store: Pick<Store, 'get'>
  files: ObjectFiles
  /** Entries of earlier backups into the same folder. */
  known: EntryLookup
  /** Sorted by key. */
  named: AsyncIterable<NamedObject>
  /** The list that is written. */
  list: string
  concurrency: number
  /** Reads the files of known objects again and compares their hash. */
  verify: boolean
  step: ProgressStep
  signal: AbortSignal
}

export interface CopiedObjects {
  list: Pick<Digest, 'bytes' | 'sha256'>
  count: number
  bytes: number
  /** Objects that were copied by this backup, not by an earlier one, and their bytes. */
  copied: number
  copiedBytes: number
  missing: string[]
  damaged: string[]
  missingCount: number
  damagedCount: number
}

/** Keys that are named in the report. All are in the list. */
const MAX_NAMED = 20

interface Result {
  entry: ObjectEntry | undefined
  isCopied: boolean
}

/**
 * Copies every named object that the backup folder does not have, several at once, and writes the list of all. An object that the
 * store does not have is listed as missing, unless it is a preview.
 *
 * @throws the error of the store, once it has failed for longer than a restart takes
 */
export async function copyObjects(options: CopyObjectsOptions): Promise<CopiedObjects> {
  const { list, concurrency, step } = options
  const writer = await createFileWriter(list)
  const counts = createCounts()
  try {
    const results = mapInOrder(withKnown(options), concurrency, item => copyObject(options, item))
    for await (const result of results) {
      if (result.entry) await writeEntry(writer, result.entry)
      counts.add(result)
      step.advance(1, result.isCopied && result.entry && !isMissing(result.entry) ? result.entry.bytes : 0)
    }
    const { bytes, sha256 } = await writer.finish()
    return { list: { bytes, sha256 }, ...counts.total }
  } finally {
    await writer.close()
  }
}

interface Item {
  named: NamedObject
  known: StoredEntry | undefined
}

async function* withKnown({ named, known }: CopyObjectsOptions): AsyncGenerator<Item> {
  for await (const object of named) yield { named: object, known: await known.find(object.key) }
}

async function copyObject(options: CopyObjectsOptions, { named, known }: Item): Promise<Result> {
  const { files, verify, signal } = options
  const isKnown = known !== undefined && (await files.has(known, { verify }))
  if (isKnown && isExpected(named, known.sha256)) return { entry: toEntry(named, known), isCopied: false }
  const policy = RETRY_POLICIES.backupObject
  const isRetryable = (error: unknown) => !isDiskFull(error)
  const copied = await retry(() => copyFromStore(options, named.key), { policy, signal, isRetryable })
  if (copied) return { entry: toEntry(named, copied), isCopied: true }
  // The store has lost it since an earlier backup.
  if (isKnown) return { entry: toEntry(named, known), isCopied: false }
  return { entry: named.isRequired ? { key: named.key, missing: true } : undefined, isCopied: false }
}

async function copyFromStore({ store, files, signal }: CopyObjectsOptions, key: string) {
  const found = await store.get(key).catch((error: unknown) => {
    if (error instanceof InvalidKeyError) return null
    throw error
  })
  if (!found) return undefined
  const body = found.body instanceof Blob ? found.body.stream() : found.body
  const added = await files.add(readStream(body, signal))
  if (added.bytes !== found.object.bytes) throw new Error(`object ${key} changed while it was read`)
  return added
}

function toEntry({ key, sha256 }: NamedObject, object: { bytes: number; sha256: string }): StoredEntry {
  const entry = { key, bytes: object.bytes, sha256: object.sha256 }
  return sha256 === null || sha256 === object.sha256 ? entry : { ...entry, expected: sha256 }
}

function isExpected({ sha256 }: NamedObject, found: string): boolean {
  return sha256 === null || sha256 === found
}

function createCounts() {
  const total = {
    count: 0,
    bytes: 0,
    copied: 0,
    copiedBytes: 0,
    missing: [] as string[],
    damaged: [] as string[],
    missingCount: 0,
    damagedCount: 0,
  }
  const add = ({ entry, isCopied }: Result) => {
    if (!entry) return
    if (isMissing(entry)) {
      total.missingCount += 1
      if (total.missing.length < MAX_NAMED) total.missing.push(entry.key)
      return
    }
    total.count += 1
    total.bytes += entry.bytes
    if (isCopied) total.copied += 1
    if (isCopied) total.copiedBytes += entry.bytes
    if (entry.expected === undefined) return
    total.damagedCount += 1
    if (total.damaged.length < MAX_NAMED) total.damaged.push(entry.key)
  }
  return { total, add }
}
