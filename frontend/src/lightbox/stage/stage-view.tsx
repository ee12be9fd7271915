import type { Generation } from '@darkroom/contracts/generation'
import type { Model } from '@darkroom/contracts/model'
import { onCleanup, onMount, Show } from 'solid-js'
import { CompareView } from '../compare/compare-view.tsx'
import { describeMedia, type MediaItem } from '../gallery.ts'
import type { LightboxTools } from '../lightbox-tools.ts'
import { ImageSurface } from '../zoom/image-surface.tsx'
import { VideoView } from '../zoom/video-view.tsx'
import { formatScale } from '../zoom/zoom.ts'
import { MissingFile } from './missing-file.tsx'
import { NavigationButton } from './navigation-button.tsx'

interface StageViewProps {
  media: MediaItem
  tools: LightboxTools
  modelsById: ReadonlyMap<string, Model>
  isPhone: boolean
  onReuse: ((generation: Generation) => void) | undefined
}

/** The output between the bars, or two that are compared, with the buttons that turn to the next ones. */
export function StageView(props: StageViewProps) {
  const { stage, comparison, position, turn } = props.tools
  const { gestures, zoom } = stage
  let element: HTMLDivElement | undefined
  const mount = (mounted: HTMLDivElement) => {
    element = mounted
    stage.mount(mounted)
  }
  // A listener of Solid would be passive, and the page would scroll or zoom as well.
  onMount(() => {
    element?.addEventListener('wheel', gestures.onWheel, { passive: false })
    onCleanup(() => element?.removeEventListener('wheel', gestures.onWheel))
  })
  const reuse = () => {
    const { onReuse, media } = props
    return onReuse && (() => onReuse(media.generation))
  }
  const scaleText = () => `${zoom.isFit() ? 'Fit, ' : ''}${formatScale(zoom.view().scale)}`
  return (
    <div class="stage-area">
      <div
        ref={mount}
        class="stage"
        data-pannable={stage.isZoomable() && zoom.canPan()}
        data-zoomable={stage.isZoomable()}
        onPointerDown={gestures.onPointerDown}
        onPointerMove={gestures.onPointerMove}
        onPointerUp={gestures.onPointerUp}
        onPointerCancel={gestures.onPointerCancel}
      >
        <Show when={stage.isZoomable()} fallback={<Video {...props} />}>
          <Show
            when={comparison.pair()}
            fallback={
              <Show when={stage.failedPart() !== 'all'}>
                <ImageSurface
                  media={props.media}
                  zoom={zoom}
                  alt={describeMedia(props.media)}
                  onSize={stage.setFileSize}
                  onFail={stage.setFailed}
                />
              </Show>
            }
          >
            {pair => (
              <CompareView
                pair={pair()}
                comparison={comparison}
                zoom={zoom}
                isStacked={stage.isStacked()}
                modelsById={props.modelsById}
                onSize={stage.setFileSize}
              />
            )}
          </Show>
        </Show>
      </div>
      <Show when={stage.failedPart() === 'original'}>
        <p class="stage-message" role="status">
          The original could not be loaded: this is its preview.
        </p>
      </Show>
      <Show when={stage.failedPart() === 'all' && comparison.pair() === null}>
        <MissingFile media={props.media} onReuse={reuse()} onRetry={stage.retry} />
      </Show>
      <Show when={props.isPhone && stage.isZoomable() && stage.failedPart() !== 'all'}>
        <Show when={scaleText()} keyed>
          {text => <p class="phone-scale">{text}</p>}
        </Show>
      </Show>
      <NavigationButton direction="previous" onNavigate={() => turn(-1)} isEnd={isEnd(props, position.previous())} />
      <NavigationButton direction="next" onNavigate={() => turn(1)} isEnd={isEnd(props, position.next())} />
    </div>
  )
}

function Video(props: StageViewProps) {
  return (
    <Show when={props.tools.stage.failedPart() === undefined && props.media.url} keyed>
      <VideoView
        media={props.media}
        label={describeMedia(props.media)}
        onMount={props.tools.stage.setVideo}
        onMissing={() => props.tools.stage.setFailed('all')}
      />
    </Show>
  )
}

/** Returns whether there is nothing to turn to. While two outputs are compared there always is: B turns in a circle. */
function isEnd({ tools }: StageViewProps, neighbour: unknown): boolean {
  return tools.comparison.pair() === null && neighbour === undefined
}
