import type { Metrics } from '@darkroom/infra/metrics'

export type Measures = ReturnType<typeof createMeasures>

/** What is counted of the work, beside what every service measures. */
export function createMeasures({ counter, gauge }: Metrics) {
  return {
    claims: counter('claims_total', 'Generations taken up'),
    staleWrites: counter('stale_writes_total', 'Writes of a worker that had lost its generation, refused'),
    poison: counter('poison_messages_total', 'Messages that make no sense, discarded'),
    submits: counter('provider_submits_total', 'Calls made to providers'),
    reannounced: counter('reannounced_total', 'Generations whose message was lost and was posted again'),
    held: gauge('generations_held', 'Generations worked on now'),
  }
}
