import type { ImageSettings, ReferenceOrigin } from '@darkroom/contracts/history/library'
import type { Database } from '@darkroom/infra/database/connection'
import type { Identity } from '@darkroom/infra/http/identity'
import { ProblemError } from '@darkroom/infra/http/problem'
import type { Log } from '@darkroom/infra/log'
import { type Store, StoreError } from '@darkroom/infra/store/store'
import { readImageSettings } from '../image-settings/image-settings.ts'
import { findOriginOutput, findReferenceFile } from './origin-rows.ts'

export interface OriginDeps {
  database: Database
  store: Pick<Store, 'get'>
  log: Log
}

/** Reserves memory, in bytes, before it is used. */
type Reserve = (bytes: number) => void

/**
 * Finds where a reference image came from: the output of its workspace with the same bytes, and the settings that its file records.
 *
 * @throws ProblemError `not_found`; `unavailable` if the store fails; what `reserve` throws
 */
export async function findOrigin(
  { database, store, log }: OriginDeps,
  { workspaceId }: Identity,
  id: string,
  reserve: Reserve,
): Promise<ReferenceOrigin> {
  const file = await findReferenceFile(database, workspaceId, id)
  if (!file) throw new ProblemError('not_found', 'There is no such reference.')
  const output = await findOriginOutput(database, workspaceId, file.sha256)
  reserve(file.bytes)
  const bytes = await readFile(store, file.key)
  return { output: output ?? null, settings: bytes && readSettings(log, id, bytes) }
}

/** Reads a file from the store; null if it is not there. @throws ProblemError `unavailable` */
async function readFile(store: OriginDeps['store'], key: string): Promise<Uint8Array | null> {
  try {
    const object = await store.get(key)
    return object && (await new Response(object.body).bytes())
  } catch (cause) {
    if (!(cause instanceof StoreError)) throw cause
    const detail = 'The picture cannot be read right now. Try again in a moment.'
    throw new ProblemError('unavailable', detail, { cause, retryAfterSeconds: 5 })
  }
}

/** Returns null as well for a file whose metadata cannot be read. */
function readSettings(log: Log, reference: string, bytes: Uint8Array): ImageSettings | null {
  try {
    return readImageSettings(bytes)
  } catch (err) {
    log.warn({ err, reference }, 'image_settings_unreadable')
    return null
  }
}
