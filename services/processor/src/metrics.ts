import type { Metrics } from '@darkroom/infra/metrics'

export type ProcessorMetrics = ReturnType<typeof createProcessorMetrics>

/** Creates the processor's own metrics, beside those of every service. */
export function createProcessorMetrics({ createCounter: counter, createGauge: gauge }: Metrics) {
  return {
    claims: counter('claims_total', 'Generations taken up'),
    staleWrites: counter('stale_writes_total', 'Writes of a worker that had lost its generation, refused'),
    poisonMessages: counter('poison_messages_total', 'Messages that make no sense, discarded'),
    submits: counter('provider_submits_total', 'Calls made to providers'),
    reannounced: counter('reannounced_total', 'Generations whose message was lost and was posted again'),
    rehosted: counter('outputs_rehosted_total', 'Outputs that were only at their provider and were stored'),
    lost: counter('outputs_lost_total', 'Outputs whose provider deleted them before they could be stored'),
    purged: counter('generations_purged_total', 'Generations that left the trash for good'),
    removed: counter('objects_removed_total', 'Objects removed because nothing refers to them any more'),
    garbageListed: counter('garbage_listed_total', 'Objects looked at in search of those that nothing refers to'),
    garbageScheduled: counter(
      'garbage_scheduled_total',
      'Objects that no row named, to be removed after one more look',
    ),
    livePreviews: counter('live_previews_total', 'Previews of outputs that are being made, published'),
    livePreviewsDropped: counter(
      'live_previews_dropped_total',
      'Previews of outputs that are being made, dropped: too many, or not an image',
    ),
    rehostsWaiting: gauge('rehosts_waiting', 'Outputs that are only at their provider, in the whole studio'),
    activeJobs: gauge('generations_held', 'Generations worked on now'),
  }
}
