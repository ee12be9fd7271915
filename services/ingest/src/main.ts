import { identify } from '@darkroom/infra/identity'
import { runRelay } from '@darkroom/infra/outbox'
import { openGround } from '@darkroom/infra/service'
import { createApp } from './app.ts'

const BODY_BYTES = 400 * 1024 * 1024

const ground = await openGround('ingest', { busIsVital: false })
const { config, lifecycle, log } = ground

const relaying = runRelay({ ...ground, signal: lifecycle.stopping })
lifecycle.onClose('relay', () => relaying)

const limits = { concurrency: config.REFERENCE_UPLOAD_CONCURRENCY, queueDepth: config.QUEUE_DEPTH }
const app = createApp({ ...ground, ...limits, identify }).listen({
  port: config.INGEST_PORT ?? 0,
  hostname: config.HOST,
  maxRequestBodySize: BODY_BYTES,
})
lifecycle.onClose('http', () => app.stop())
log.info({ port: app.server?.port }, 'listening')
