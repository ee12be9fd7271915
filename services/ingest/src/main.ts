import { openDatabase } from '@darkroom/infra/database/connection'
import { runRelay } from '@darkroom/infra/database/outbox'
import { openGround } from '@darkroom/infra/runtime/service-context'
import { createApp } from './app.ts'
import { keepBackfilling } from './backfill/supervisor.ts'

const BODY_BYTES = 400 * 1024 * 1024

const ground = await openGround('ingest', { busIsVital: false })
const { config, lifecycle, log } = ground

const relaying = runRelay({ ...ground, signal: lifecycle.stopping })
lifecycle.onClose('relay', () => relaying)

const backfilling = keepBackfilling({ ...ground, signal: lifecycle.stopping })
lifecycle.onClose('backfill', () => backfilling)
const rows = openDatabase({ url: config.DATABASE_URL, name: 'darkroom-ingest-backfill', connections: 4, log })
lifecycle.onClose('rows', () => rows.end({ timeout: 1 }))
const backfill = { secret: config.INTERNAL_API_SECRET, memoryBytes: config.BACKFILL_MEMORY_MB * 1024 * 1024, rows }

const limits = { concurrency: config.REFERENCE_UPLOAD_CONCURRENCY, queueDepth: config.QUEUE_DEPTH }
const app = createApp({ ...ground, ...limits, backfill }).listen({
  port: config.INGEST_PORT ?? 0,
  hostname: config.HOST,
  maxRequestBodySize: BODY_BYTES,
})
lifecycle.onClose('http', () => app.stop())
log.info({ port: app.server?.port }, 'listening')
