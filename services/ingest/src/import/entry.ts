import type { ImportRecord, RecordError } from './record.ts'

/**
 * A generation of a source with the record to import, or the reason why there is none. The name is that by which people find it there:
 * `line 7`, a file, an id. `bytes` is the memory that the record takes, where it may be large.
 */
export type ImportEntry = { name: string; record: ImportRecord; bytes?: number } | { name: string; error: RecordError }

/** The part of a source that was read. */
export interface SourceProgress {
  done: number
  total: number
  unit: 'bytes' | 'files' | 'rows'
}

/** A source of generations: a file of lines, a folder of images, a database. */
export interface ImportSource {
  /** Yields each generation once, in an order that does not change between two runs. What is wrong with one is an entry of its own. */
  entries: AsyncIterable<ImportEntry>
  /** Folder that the files of outputs are in. */
  folder: string
  getProgress(): SourceProgress
}
