import type { ServiceContext } from '../../runtime/service-context.ts'
import { createDecoderMetrics } from './decoder-metrics.ts'
import { createImageDecoder, type ImageDecoder } from './image-decoder.ts'

/** Opens the image decoder of a service: everything that the process decodes goes through it. The process closes it when it stops. */
export function openImageDecoder(
  context: Pick<ServiceContext, 'config' | 'log' | 'metrics' | 'lifecycle'>,
): ImageDecoder {
  const { config, log, metrics, lifecycle } = context
  const images = createImageDecoder({
    slots: config.IMAGE_SLOTS,
    memoryBytes: config.IMAGE_MEMORY_MB * 1024 * 1024,
    log,
    metrics: createDecoderMetrics(metrics),
  })
  lifecycle.onClose('images', () => images[Symbol.asyncDispose]())
  return images
}
