import type { ManifestLine } from '@darkroom/contracts/history/download'
import type { Database } from '@darkroom/infra/database/connection'
import { readStream } from '@darkroom/infra/runtime/read-stream'
import type { Store } from '@darkroom/infra/store/store'
import { readDocuments } from '../list/documents.ts'
import { type OutputRow, type ReferenceRow, readReferenceRows } from './download-rows.ts'
import { createFileNames, type FileNames, nameOutput } from './file-names.ts'
import { createManifestLine, describeFile } from './manifest.ts'
import { openFile } from './open-file.ts'
import type { PlannedGeneration } from './plan.ts'

/** A file of a ZIP. Its content is read when its turn comes. */
export interface ZipEntry {
  name: string
  lastModified: Date
  input: AsyncIterable<Uint8Array>
}

export interface EntriesOptions {
  database: Database
  store: Store
  workspaceId: string
  withoutMetadata: boolean
  /** Ends the reading of the file that is open. */
  signal: AbortSignal
}

/** Generations whose documents are read at once. */
const BATCH = 20

/**
 * Yields the files of a ZIP: each output that is stored, then the manifest. A file is opened when the one before has been read to its
 * end, so that one is open at a time, and documents are read in batches. Outputs without a file are named in the manifest.
 *
 * @throws StoreError when the store does not respond
 */
export async function* createEntries(
  generations: readonly PlannedGeneration[],
  options: EntriesOptions,
): AsyncGenerator<ZipEntry, void, void> {
  const names = createFileNames()
  const lines: string[] = []
  for (let at = 0; at < generations.length; at += BATCH) {
    const batch = generations.slice(at, at + BATCH)
    const details = await readDetails(options, batch)
    for (const { id, outputs } of batch) {
      const document = details.documents.get(id)
      // The generation was purged meanwhile, and its files with it.
      if (document === undefined) continue
      const line = createManifestLine(JSON.parse(document), details.references.get(id) ?? [])
      yield* createOutputEntries(line, outputs, names, options)
      lines.push(`${JSON.stringify(line)}\n`)
    }
  }
  yield { name: 'manifest.jsonl', lastModified: new Date(), input: encodeLines(lines) }
}

async function readDetails(
  { database, workspaceId }: EntriesOptions,
  generations: readonly PlannedGeneration[],
): Promise<{ documents: Map<string, string>; references: Map<string, ReferenceRow[]> }> {
  const ids = generations.map(({ id }) => id)
  const [documents, references] = await Promise.all([
    readDocuments(database, { workspaceId, ids }),
    readReferenceRows(database, workspaceId, ids),
  ])
  return { documents, references }
}

/** Yields the files of one generation, and writes into its line what became of each output. */
async function* createOutputEntries(
  line: ManifestLine,
  outputs: readonly OutputRow[],
  names: FileNames,
  { store, withoutMetadata, signal }: EntriesOptions,
): AsyncGenerator<ZipEntry, void, void> {
  const stem = names.createStem(line.prompt, line.kind)
  for (const output of outputs) {
    const { key, mimeType, finishedAt: lastModified } = output
    const file = key === null ? null : await openFile(store, { key, mimeType }, { withoutMetadata })
    if (!file) {
      line.missing.push({ outputIndex: output.index, state: output.state })
      continue
    }
    const name = nameOutput(line.prompt, output, stem)
    line.files.push(describeFile(name, output, { ...file, withoutMetadata }))
    const body = file.body instanceof Blob ? file.body.stream() : file.body
    yield { name, lastModified, input: readStream(body, signal) }
  }
}

async function* encodeLines(lines: readonly string[]): AsyncGenerator<Uint8Array, void, void> {
  const encoder = new TextEncoder()
  for (const line of lines) yield encoder.encode(line)
}
