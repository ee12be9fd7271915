import type { Readable } from 'node:stream'
import type { Transaction } from '../../src/database/connection.ts'
import { withDeadline } from '../../src/runtime/timers.ts'
import { createDigest, createFileWriter, type Digest, readFileChunks, withIdleDeadline } from './digest.ts'
import { quoteName, type Table } from './table-catalogue.ts'

/** Foreign keys are checked at the end of a COPY, in silence. */
const END_MS = 3_600_000
const WRITE_MS = 120_000

/** Copies the rows of a table to a file, in the order of its key. */
export async function exportTable(tx: Transaction, table: Table, file: string, signal: AbortSignal): Promise<Digest> {
  return await exportQuery(tx, selectTable(table), file, signal)
}

/** Copies the result of a query to a file, in the text format of COPY. */
export async function exportQuery(tx: Transaction, query: string, file: string, signal: AbortSignal): Promise<Digest> {
  const writer = await createFileWriter(file)
  try {
    for await (const chunk of readQuery(tx, query, signal)) await writer.write(chunk)
    return await writer.finish()
  } finally {
    await writer.close()
  }
}

/** Reads the rows of a table as `exportTable` does. @returns their digest */
export async function digestTable(tx: Transaction, table: Table, signal: AbortSignal): Promise<Digest> {
  const digest = createDigest()
  for await (const chunk of readQuery(tx, selectTable(table), signal)) digest.update(chunk)
  return digest.finish()
}

/**
 * Inserts the rows of a file that `exportTable` wrote.
 *
 * @throws Error if the database refuses a row
 */
export async function importTable(
  tx: Transaction,
  { name, columns }: Pick<Table, 'name' | 'columns'>,
  file: string,
  signal: AbortSignal,
): Promise<void> {
  const stream = await tx.unsafe(`copy ${quoteName(name)} (${columns.join(', ')}) from stdin`).writable()
  const failed = Promise.withResolvers<never>()
  failed.promise.catch(() => {})
  stream.on('error', failed.reject)
  for await (const chunk of readFileChunks(file, signal)) {
    const written = new Promise<void>((resolve, reject) => {
      stream.write(chunk, error => (error ? reject(error) : resolve()))
    })
    const options = { milliseconds: WRITE_MS, operation: `the rows of ${name}`, signal }
    await withDeadline(Promise.race([written, failed.promise]), options)
  }
  const finished = new Promise<void>(resolve => stream.end(() => resolve()))
  // The driver does not report an error that comes after the last row, but the next statement fails then.
  const checked = new Promise<void>(resolve => setImmediate(resolve)).then(() => tx`select 1`)
  const options = { milliseconds: END_MS, operation: `the end of ${name}`, signal }
  await withDeadline(Promise.race([Promise.all([finished, checked]), failed.promise]), options).catch(cause => {
    signal.throwIfAborted()
    throw new Error(`the database refused the rows of ${name}`, { cause })
  })
}

async function* readQuery(tx: Transaction, query: string, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const stream: Readable = await tx.unsafe(`copy (${query}) to stdout`).readable()
  yield* withIdleDeadline<Uint8Array>(stream, { operation: 'the rows of the database', signal })
  // The driver pauses its socket while the stream is full, and does not resume it if the rows end then.
  stream._read(0)
}

function selectTable({ name, columns, order }: Table): string {
  return `select ${columns.join(', ')} from ${quoteName(name)} order by ${order}`
}
