import { stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { isDataError, isTransientDbError } from '@darkroom/infra/database/errors'
import { LOCAL_OWNER } from '@darkroom/infra/http/identity'
import { openImageDecoder } from '@darkroom/infra/images/decoder/open-image-decoder'
import { retry } from '@darkroom/infra/runtime/retry'
import { RETRY_POLICIES } from '@darkroom/infra/runtime/retry-policies'
import { openServiceContext } from '@darkroom/infra/runtime/service-context'
import { readFolder } from './folder.ts'
import { importRecord } from './import.ts'
import { readLines } from './json-lines.ts'
import { RecordError } from './record.ts'
import { toPrintable } from './to-printable.ts'

/**
 * `bun import/main.ts <generations.jsonl | folder>`: imports generations of another system. It writes each record that cannot be
 * imported to standard error, and the counts as JSON to standard output at the end.
 */

const [argument = ''] = process.argv.slice(2)
const path = resolve(argument)
const stats = await stat(path)
const isFolder = stats.isDirectory()
if (!isFolder && !stats.isFile()) throw new Error('the path is neither a file nor a folder')
const context = await openServiceContext('ingest', { isBusRequired: false })
const { database, store, lifecycle } = context
const images = openImageDecoder(context)
const folder = isFolder ? path : dirname(path)
const deps = { database, store, images, identity: LOCAL_OWNER, folder, signal: lifecycle.stopping }
/** A record that the database has no time for is tried again: one that was written all the same is known then. */
const retryOptions = { policy: RETRY_POLICIES.bulkBatch, signal: lifecycle.stopping, isRetryable: isTransientDbError }
const counts = { imported: 0, known: 0, failed: 0 }

for await (const entry of isFolder ? readFolder(path) : readLines(path, new Date())) {
  if (lifecycle.stopping.aborted) break
  const name = 'file' in entry ? entry.file : `line ${entry.line}`
  try {
    if ('error' in entry) throw entry.error
    const { record } = entry
    counts[await retry(() => importRecord(deps, record), retryOptions)] += 1
  } catch (error) {
    counts.failed += 1
    process.stderr.write(`${toPrintable(formatFailure(name, error))}\n`)
  }
}
process.stdout.write(`${JSON.stringify(counts)}\n`)
await lifecycle.stop('done', counts.failed > 0 ? 1 : 0)

/** Returns the line about a record that cannot be imported. @throws any other error */
function formatFailure(name: string, error: unknown): string {
  if (isDataError(error)) return `${name}: has a value that the database does not take`
  if (!(error instanceof RecordError)) throw error
  return error.message.startsWith(`${name} `) ? error.message : `${name}: ${error.message}`
}
