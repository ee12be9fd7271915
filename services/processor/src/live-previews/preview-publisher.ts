import type { LivePreview } from '@darkroom/contracts/events'
import { livePreviewSubject } from '@darkroom/contracts/subjects'
import type { Bus } from '@darkroom/infra/bus/bus'
import { LIVE_PREVIEW_LIMITS } from '@darkroom/infra/images/check-image'
import type { ImageDecoder } from '@darkroom/infra/images/decoder/image-decoder'
import { MediaError } from '@darkroom/infra/images/media-error'
import { createTokenBucket } from '@darkroom/infra/runtime/token-bucket'
import type { ProcessorMetrics } from '../metrics.ts'
import type { Audience } from './audience.ts'
import { createRecentSet } from './recent-set.ts'

/** Encodes previews of outputs that are being made, and publishes them to whoever watches. */
export interface PreviewPublisher {
  /** Publishes a preview, or drops it. It never waits, and never throws. @param bytes an image in any format */
  offer(target: PreviewTarget, bytes: Uint8Array): void
}

/** An output that is being made. */
export interface PreviewTarget {
  workspaceId: string
  generationId: string
  index: number
}

export interface PreviewPublisherDeps {
  bus: Pick<Bus, 'publishTransient'>
  images: Pick<ImageDecoder, 'makeLivePreview'>
  audience: Pick<Audience, 'isWatched'>
  metrics: Pick<ProcessorMetrics, 'livePreviews' | 'livePreviewsDropped'>
  signal: AbortSignal
  now?: () => number
}

/** Previews that are encoded or on their way to the bus at once. */
const MAX_ACTIVE = 2
/** Previews of all outputs, in a second. */
const MAX_PER_SECOND = 20
const MIN_INTERVAL_MS = 500
/** A decoder that is not free by then is needed for something else. */
const MAX_WAIT_MS = 100
const DEADLINE_MS = 5_000
/** Generations that are remembered because of a preview that is no image. */
const MAX_REFUSED = 1_000

/**
 * Creates a publisher. Nothing waits for it: a preview is dropped while others are encoded or the bus is slow, while the image decoder is
 * needed for anything else, and when one of the same output was published just before.
 */
export function createPreviewPublisher(deps: PreviewPublisherDeps): PreviewPublisher {
  const { now = () => performance.now(), metrics } = deps
  const bucket = createTokenBucket({ capacity: MAX_PER_SECOND, perSecond: MAX_PER_SECOND, now })
  const lastTimes = createRecentTimes(now)
  // What is no image, or had its decoder ended, would be refused again and again.
  const refused = createRecentSet(MAX_REFUSED)
  let active = 0
  let sequence = 0

  const isWanted = ({ workspaceId, generationId }: PreviewTarget) =>
    !deps.signal.aborted && !refused.has(generationId) && deps.audience.isWatched(workspaceId)
  const send = async (target: PreviewTarget, bytes: Uint8Array) => {
    active += 1
    sequence = Math.max(sequence + 1, Date.now())
    try {
      await publish(deps, target, sequence, bytes)
      metrics.livePreviews.inc()
    } catch (error) {
      if (error instanceof MediaError) refused.add(target.generationId)
      metrics.livePreviewsDropped.inc()
    } finally {
      active -= 1
    }
  }
  return {
    offer: (target, bytes) => {
      if (!isWanted(target)) return
      const key = `${target.generationId} ${target.index}`
      if (active < MAX_ACTIVE && lastTimes.isOver(key) && bucket.take(1)) {
        lastTimes.add(key)
        void send(target, bytes)
      } else metrics.livePreviewsDropped.inc()
    },
  }
}

async function publish(
  { bus, images, signal }: PreviewPublisherDeps,
  { workspaceId, generationId, index }: PreviewTarget,
  sequence: number,
  image: Uint8Array,
): Promise<void> {
  const { bytes } = await images.makeLivePreview(image, LIVE_PREVIEW_LIMITS, {
    signal: AbortSignal.any([signal, AbortSignal.timeout(DEADLINE_MS)]),
    client: workspaceId,
    isBackground: true,
    maxWaitMs: MAX_WAIT_MS,
  })
  const preview: LivePreview = { id: generationId, index, sequence, image: bytes.toBase64() }
  await bus.publishTransient(livePreviewSubject(workspaceId), preview)
}

/** Creates the times of the last preview of each output; those that are over are forgotten. */
function createRecentTimes(now: () => number) {
  const times = new Map<string, number>()
  const isOver = (key: string) => now() - (times.get(key) ?? Number.NEGATIVE_INFINITY) >= MIN_INTERVAL_MS
  return {
    isOver,
    add: (key: string) => {
      times.delete(key)
      times.set(key, now())
      for (const [oldest] of times) {
        if (!isOver(oldest)) return
        times.delete(oldest)
      }
    },
  }
}
