import { hostname } from 'node:os'
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

/**
 * Time between two samples of the event loop's lag, in ms. The default of 10 ms wakes an idle process a hundred times a second.
 * The lag at the time of a scrape is measured apart from that.
 */
const LAG_SAMPLE_MS = 10_000

export type Metrics = ReturnType<typeof createMetrics>

/** Creates the metrics of a service, in a registry of their own: several services may run in one process. */
export function createMetrics(service: string) {
  const registry = new Registry()
  registry.setDefaultLabels({ service, host: hostname() })
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: LAG_SAMPLE_MS })
  const registers = [registry]
  return {
    registry,
    /** Creates a counter that only this service has. */
    createCounter: (name: string, help: string) => new Counter({ name, help, registers }),
    /** Creates a gauge that only this service has. */
    createGauge: (name: string, help: string) => new Gauge({ name, help, registers }),
    requestDuration: new Histogram({
      name: 'http_request_duration_seconds',
      help: 'Time until an answer was ready, by route',
      labelNames: ['method', 'route', 'status'],
      buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
      registers,
    }),
    eventRows: new Counter({ name: 'event_rows_total', help: 'Rows read to tell of events', registers }),
    engineUp: new Gauge({
      name: 'engine_up',
      help: 'Whether a server that the service uses answers',
      labelNames: ['engine'],
      registers,
    }),
    bodyBytes: new Gauge({ name: 'http_body_bytes', help: 'Request bodies held in memory', registers }),
  }
}
