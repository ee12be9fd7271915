import { Uuid } from '@darkroom/contracts/generation'
import { BackfillRequest, type BackfillResponse } from '@darkroom/contracts/history/backfill'
import { isTimestamp } from '@darkroom/contracts/history/time'
import type { Database } from '@darkroom/infra/database/connection'
import type { HttpAppOptions } from '@darkroom/infra/http/app'
import { ProblemError } from '@darkroom/infra/http/problem'
import type { ImageDecoder } from '@darkroom/infra/images/decoder/image-decoder'
import type { Log } from '@darkroom/infra/log'
import type { Store } from '@darkroom/infra/store/store'
import { Elysia } from 'elysia'
import { migrateBatch } from './migrate-batch.ts'
import { findRowCursor } from './row-migration/generation-raw-rows.ts'
import { createMigrateDeps } from './row-migration/migrate-deps.ts'
import type { MigrateDeps } from './row-migration/migrate-row.ts'

export interface BackfillRouteDeps {
  database: Database
  store: Store
  images: ImageDecoder
  log: Log
  http: Pick<HttpAppOptions, 'stopping'>
  backfill?: { memoryBytes: number; rowPool: Database }
}

const CONCURRENCY = 4
const CURSOR_PATTERN = /^([\dT:.Z-]+)\|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/**
 * Creates the route `POST /api/admin/backfill-reference-images`, which migrates one batch. It may run beside a run and beside
 * other requests.
 */
export function createBackfillRoute(deps: BackfillRouteDeps) {
  const { memoryBytes = 0, rowPool = deps.database } = deps.backfill ?? {}
  const shared = createMigrateDeps({ ...deps, rowPool, memoryBytes, signal: deps.http.stopping })
  return new Elysia({ normalize: false }).post(
    '/api/admin/backfill-reference-images',
    async ({ body, request }): Promise<BackfillResponse> => {
      const signal = AbortSignal.any([deps.http.stopping, request.signal])
      return await runBackfillOnce({ ...shared, signal }, body)
    },
    { body: BackfillRequest.prefault({}) },
  )
}

async function runBackfillOnce(
  deps: MigrateDeps,
  { limit, dryRun, cursor }: BackfillRequest,
): Promise<BackfillResponse> {
  const options = {
    runId: null,
    dryRun,
    concurrency: CONCURRENCY,
    cursor: await findCursor(deps.database, cursor ?? null),
    limit,
  }
  const batch = await migrateBatch(deps, options)
  return {
    processed: batch.processed,
    updated: batch.moved.updated,
    skipped: batch.processed - batch.moved.updated,
    errors: batch.failures,
    nextCursor: batch.ended === 'full' && batch.cursor ? Buffer.from(batch.cursor).toString('base64url') : null,
    bytesSaved: batch.moved.saved,
  }
}

/** Returns the cursor that a client gives: one of this address, or the id of the last generation, as the older system has it. */
async function findCursor(database: Database, text: string | null): Promise<string | null> {
  if (text === null) return null
  const id = Uuid.safeParse(text).data
  const cursor = id === undefined ? Buffer.from(text, 'base64url').toString() : await findRowCursor(database, id)
  if (isTimestamp(CURSOR_PATTERN.exec(cursor ?? '')?.[1] ?? '')) return cursor ?? null
  throw new ProblemError('invalid', 'cursor is neither one that this address gave nor the id of a generation.', {
    errors: [{ path: 'cursor', message: 'is neither one that this address gave nor the id of a generation' }],
  })
}
