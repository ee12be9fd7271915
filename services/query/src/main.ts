import { join } from 'node:path'
import { openGround } from '@darkroom/infra/runtime/service-context'
import { createApp } from './app.ts'
import { createLive } from './events/live.ts'
import { findUi } from './ui.ts'

const UI_FOLDER = join(import.meta.dirname, '..', '..', '..', 'frontend', 'dist')

const ground = await openGround('query', { busIsVital: false })
const { config, lifecycle, log, database, bus, store } = ground

const live = createLive({
  database,
  bus,
  log,
  maxStreams: config.SSE_MAX_STREAMS,
  signal: lifecycle.stopping,
  onRead: rows => ground.metrics.eventRows.inc(rows),
})
const following = live.run()
lifecycle.onClose('live events', () => following)

const ui = await findUi(UI_FOLDER)
const allowOrigins = config.SAFE_GET_ALLOW
const app = createApp({ http: ground.http, database, store, live, ui, allowOrigins }).listen({
  port: config.QUERY_PORT ?? 0,
  hostname: config.HOST,
})
lifecycle.onClose('http', () => app.stop(true))
log.info({ port: app.server?.port }, 'listening')
