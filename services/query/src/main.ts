import { join } from 'node:path'
import { getPublicHost, readBudgetMicros } from '@darkroom/infra/config'
import { IDLE_SECONDS } from '@darkroom/infra/http/app'
import { offerGateway } from '@darkroom/infra/http/gateway/offered-gateway'
import { createOpenerPolicy } from '@darkroom/infra/http/opener-policy'
import { openServiceContext } from '@darkroom/infra/runtime/service-context'
import { createApp } from './app.ts'
import { createLiveEvents } from './events/live.ts'
import { createPartReader } from './parts.ts'
import { loadUi } from './ui.ts'

const UI_FOLDER = join(import.meta.dirname, '..', '..', '..', 'frontend', 'dist')

const context = await openServiceContext('query', { isBusRequired: false })
const { config, lifecycle, log, database, pages, activity, bus, store } = context

const droppedClients = context.metrics.createCounter(
  'event_clients_dropped_total',
  'Live event streams closed because their client did not read',
)
const liveEvents = createLiveEvents({
  database,
  bus,
  activity,
  log,
  maxStreams: config.SSE_MAX_STREAMS,
  signal: lifecycle.stopping,
  onRead: rows => context.metrics.eventRows.inc(rows),
  onDropped: clients => droppedClients.inc(clients),
})
const liveEventsDone = liveEvents.run()
lifecycle.onClose('live events', () => liveEventsDone)

const openerPolicy = createOpenerPolicy(config)
const ui = await loadUi(UI_FOLDER, openerPolicy)
const allowOrigins = config.SAFE_GET_ALLOW
const parts = createPartReader({
  ingest: config.INGEST_URL,
  processor: config.PROCESSOR_URL,
  host: getPublicHost(config),
})
const budgetMicros = readBudgetMicros(config)
const app = createApp({
  http: context.http,
  database,
  pages,
  budgetMicros,
  trashDays: config.TRASH_DAYS,
  store,
  liveEvents,
  ui,
  allowOrigins,
  parts,
}).listen({
  port: config.QUERY_PORT ?? 0,
  hostname: config.HOST,
  idleTimeout: IDLE_SECONDS,
})
lifecycle.onClose('http', () => app.stop(true))
log.info({ port: app.server?.port }, 'listening')

if (config.INGEST_URL !== undefined) {
  const closeGateway = offerGateway({
    channel: process,
    gateway: {
      upstreams: { ingest: config.INGEST_URL, query: app.fetch },
      documentHeaders: openerPolicy,
      ...(config.GATEWAY_SECRET === undefined ? {} : { secret: config.GATEWAY_SECRET }),
    },
    log,
  })
  lifecycle.onClose('gateway', closeGateway)
}
