import type { ManifestLine } from '@darkroom/contracts/history/download'
import type { Database } from '@darkroom/infra/database/connection'
import { readStream } from '@darkroom/infra/runtime/read-stream'
import type { Store } from '@darkroom/infra/store/store'
import { readDocuments } from '../list/documents.ts'
import { createChunkCollector, type PassChunks } from './collect-chunks.ts'
import { type OutputRow, readOutputRows, readReferenceRows } from './download-rows.ts'
import { createFileNames, type FileNames, nameOutput } from './file-names.ts'
import { createManifestLine, describeFile } from './manifest.ts'
import { createManifestLines } from './manifest-lines.ts'
import { openFile } from './open-file.ts'
import { type DownloadPlan, listBatches, selectOutputs } from './plan.ts'

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

/** A generation of a download, with what its files and its line of the manifest are made of. */
interface EntrySource {
  line: ManifestLine
  outputs: OutputRow[]
}

/**
 * Yields the files of a ZIP: each output that is stored, then the manifest. A file is opened when the one before has been read to its
 * end, so that one is open at a time, and rows are read in batches. Outputs without a file are named in the manifest.
 *
 * @throws StoreError when the store does not respond
 */
export async function* createEntries(
  requested: DownloadPlan['requested'],
  options: EntriesOptions,
): AsyncGenerator<ZipEntry, void, void> {
  const tools = { names: createFileNames(), passChunks: createChunkCollector() }
  const manifest = createManifestLines()
  for (const ids of listBatches(requested)) {
    const sources = await readSources(requested, ids, options)
    for (const source of sources) yield* createOutputEntries(source, tools, options)
    manifest.add(sources.map(({ line }) => line))
  }
  yield { name: 'manifest.jsonl', lastModified: new Date(), input: manifest.read() }
}

/** Reads generations of a download. One that was purged meanwhile is left out, as its files are gone, too. */
async function readSources(
  requested: DownloadPlan['requested'],
  ids: readonly string[],
  { database, workspaceId }: EntriesOptions,
): Promise<EntrySource[]> {
  const [documents, outputs, references] = await Promise.all([
    readDocuments(database, { workspaceId, ids }),
    readOutputRows(database, workspaceId, ids),
    readReferenceRows(database, workspaceId, ids),
  ])
  return ids.flatMap(id => {
    const document = documents.get(id)
    if (document === undefined) return []
    const line = createManifestLine(JSON.parse(document), references.get(id) ?? [])
    return [{ line, outputs: selectOutputs(outputs.get(id) ?? [], requested.get(id) ?? 'all') }]
  })
}

/** Yields the files of one generation, and writes into its line what became of each output. */
async function* createOutputEntries(
  { line, outputs }: EntrySource,
  { names, passChunks }: { names: FileNames; passChunks: PassChunks },
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
    yield { name, lastModified, input: passChunks(readStream(body, signal)) }
  }
}
