import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

export type Metrics = ReturnType<typeof createMetrics>

/** A service's measurements, in a registry of its own so that several services may live in one process. */
export function createMetrics(service: string) {
  const registry = new Registry()
  registry.setDefaultLabels({ service })
  collectDefaultMetrics({ register: registry })
  const registers = [registry]
  return {
    registry,
    /** Something that is counted, of a service's own. */
    createCounter: (name: string, help: string) => new Counter({ name, help, registers }),
    /** Something that rises and falls, of a service's own. */
    createGauge: (name: string, help: string) => new Gauge({ name, help, registers }),
    requestDuration: new Histogram({
      name: 'http_request_duration_seconds',
      help: 'Time until an answer was ready, by route',
      labelNames: ['method', 'route', 'status'],
      buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
      registers,
    }),
    eventRows: new Counter({ name: 'event_rows_total', help: 'Rows read to tell of events', registers }),
    bodyBytes: new Gauge({ name: 'http_body_bytes', help: 'Request bodies held in memory', registers }),
  }
}
