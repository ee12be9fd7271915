import { readBudgetMicros } from '@darkroom/infra/config'
import { loadEncryptionKey } from '@darkroom/infra/connections/encryption-key'
import { openDatabase } from '@darkroom/infra/database/connection'
import { runRelay } from '@darkroom/infra/database/outbox'
import { IDLE_SECONDS } from '@darkroom/infra/http/app'
import { createDiskCheck, createDiskGuard } from '@darkroom/infra/http/disk-guard'
import { openImageDecoder } from '@darkroom/infra/images/decoder/open-image-decoder'
import { openServiceContext } from '@darkroom/infra/runtime/service-context'
import { createApp } from './app.ts'
import { superviseBackfillProcess } from './backfill/supervisor.ts'
import { runFailovers } from './failover/run-failovers.ts'
import { runReferenceRehosts } from './references/rehost/reference-rehost.ts'

const MAX_BODY_BYTES = 400 * 1024 * 1024

const context = await openServiceContext('ingest', { isBusRequired: false })
const { config, lifecycle, log } = context
const images = openImageDecoder(context)

const relay = runRelay({ ...context, signal: lifecycle.stopping })
lifecycle.onClose('relay', () => relay)

const backfillSupervisor = superviseBackfillProcess({
  ...context,
  isDiskFull: createDiskCheck({ folder: config.DATA_DIR }),
  signal: lifecycle.stopping,
})
lifecycle.onClose('backfill', () => backfillSupervisor)
const rowPool = openDatabase({ url: config.DATABASE_URL, name: 'darkroom-ingest-backfill', connections: 4, log })
lifecycle.onClose('rows', () => rowPool.end({ timeout: 1 }))
const backfill = { memoryBytes: config.BACKFILL_MEMORY_MB * 1024 * 1024, rowPool }

const imageDeps = { ...context, images, inFlight: new Map(), onFailpoint: () => {} }
const referenceRehosts = runReferenceRehosts({ ...imageDeps, signal: lifecycle.stopping })
lifecycle.onClose('reference_rehosts', () => referenceRehosts)

const limits = { concurrency: config.REFERENCE_UPLOAD_CONCURRENCY, queueDepth: config.QUEUE_DEPTH }
const encryptionKey = await loadEncryptionKey(config)
const connections = { encryptionKey, budgetMicros: readBudgetMicros(config), defaultSlots: config.PROVIDER_CONCURRENCY }
const failovers = runFailovers({ ...context, images, ...limits, ...connections, signal: lifecycle.stopping })
lifecycle.onClose('failovers', () => failovers)
const guardDisk = createDiskGuard({ folder: config.DATA_DIR })
const app = createApp({ ...context, images, ...limits, ...connections, backfill, guardDisk }).listen({
  port: config.INGEST_PORT ?? 0,
  hostname: config.HOST,
  idleTimeout: IDLE_SECONDS,
  maxRequestBodySize: MAX_BODY_BYTES,
})
lifecycle.onClose('http', () => app.stop())
log.info({ port: app.server?.port }, 'listening')
