import { z } from 'zod'
import { type FileWriter, readLines } from './digest.ts'

const StoredEntry = z.strictObject({
  key: z.string(),
  bytes: z.int().nonnegative(),
  sha256: z.string(),
  /** Hash in the row, if it is another one: the object is damaged in the store. */
  expected: z.string().optional(),
})
const MissingEntry = z.strictObject({ key: z.string(), missing: z.literal(true) })
const ObjectEntry = z.union([StoredEntry, MissingEntry])

/** An object of a backup: its key in the store, and its file, which is named by the hash. */
export type StoredEntry = z.infer<typeof StoredEntry>
export type ObjectEntry = z.infer<typeof ObjectEntry>

export function isMissing(entry: ObjectEntry): entry is z.infer<typeof MissingEntry> {
  return 'missing' in entry
}

export async function writeEntry(writer: FileWriter, entry: ObjectEntry): Promise<void> {
  await writer.write(Buffer.from(`${JSON.stringify(entry)}\n`))
}

/** Yields the entries of a list. @throws Error if a line is none */
export async function* readEntries(path: string, signal: AbortSignal): AsyncGenerator<ObjectEntry> {
  for await (const line of readLines(path, signal)) yield ObjectEntry.parse(JSON.parse(line))
}

/** Finds entries by key in lists that are too long for memory. */
export interface EntryLookup extends AsyncDisposable {
  /** Returns the stored entry of a key. Keys must be looked up in ascending order. */
  find(key: string): Promise<StoredEntry | undefined>
}

/** Opens lists that are sorted by key. One that does not exist, or is damaged from some line on, ends there. */
export function openLookup(paths: readonly string[], signal: AbortSignal): EntryLookup {
  const lists = paths.map(path => ({ entries: readEntries(path, signal), next: undefined as ObjectEntry | undefined }))
  const advance = async (list: (typeof lists)[number]) => {
    const { done, value } = await list.entries.next().catch(() => ({ done: true as const, value: undefined }))
    signal.throwIfAborted()
    list.next = done ? undefined : value
    return list.next !== undefined
  }
  const find = async (key: string) => {
    let found: StoredEntry | undefined
    for (const list of lists) {
      while (list.next === undefined || list.next.key < key) if (!(await advance(list))) break
      if (list.next?.key === key && !isMissing(list.next)) found ??= list.next
    }
    return found
  }
  const close = async () => {
    for (const { entries } of lists) await entries.return(undefined)
  }
  return { find, [Symbol.asyncDispose]: close }
}
