import type { ServiceContext } from '../../runtime/service-context.ts'
import { createDecoderMetrics } from './decoder-metrics.ts'
import { createImageDecoder, type ImageDecoder } from './image-decoder.ts'

/**
 * Opens the image decoder of a service: everything that the process decodes goes through it. The process closes it when it stops.
 *
 * @param memoryMb `IMAGE_MEMORY_MB` unless given
 */
export function openImageDecoder(
  { config, log, metrics, lifecycle }: Pick<ServiceContext, 'config' | 'log' | 'metrics' | 'lifecycle'>,
  memoryMb = config.IMAGE_MEMORY_MB,
): ImageDecoder {
  const images = createImageDecoder({
    slots: config.IMAGE_SLOTS,
    memoryBytes: memoryMb * 1024 * 1024,
    log,
    metrics: createDecoderMetrics(metrics),
  })
  lifecycle.onClose('images', () => images[Symbol.asyncDispose]())
  return images
}
