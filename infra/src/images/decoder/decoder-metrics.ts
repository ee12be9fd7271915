import type { Metrics } from '../../metrics.ts'

export type DecoderMetrics = ReturnType<typeof createDecoderMetrics>

/** Creates the metrics of an image decoder. */
export function createDecoderMetrics({ createCounter, createGauge }: Pick<Metrics, 'createCounter' | 'createGauge'>) {
  return {
    waiting: createGauge('image_jobs_waiting', 'Images that wait for a decoder'),
    running: createGauge('image_jobs_running', 'Images that are decoded now'),
    reservedBytes: createGauge('image_bytes_reserved', 'Memory reserved for the images that are decoded now'),
    killed: createCounter('image_decoders_killed_total', 'Decoder processes that an image ended, or made end'),
  }
}
