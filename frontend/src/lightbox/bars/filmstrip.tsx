import { previewUrlAtWidth, THUMBNAIL_WIDTH } from '@darkroom/contracts/previews'
import { createEffect, For, Show } from 'solid-js'
import { Icon } from '../../ui/icons.tsx'
import { placeholderUrl } from '../../ui/placeholder/placeholder.ts'
import { mediaId } from '../compare/comparison.ts'
import { describeMedia, type MediaItem } from '../gallery.ts'

interface FilmstripProps {
  /** The outputs of the generation, and while comparing those that it came out of. */
  items: readonly MediaItem[]
  /** Outputs of the generations before and after. */
  before: readonly MediaItem[]
  after: readonly MediaItem[]
  shown: MediaItem
  /** The compared outputs, marked A and B. */
  pair: { a: MediaItem; b: MediaItem } | null
  /** @param side of the comparison that the output is chosen for */
  onChoose: (item: MediaItem, side: 'a' | 'b') => void
}

/** Small images of the generation's outputs, in the middle, and of its neighbours. One of them is a tab stop. */
export function Filmstrip(props: FilmstripProps) {
  let list: HTMLFieldSetElement | undefined
  createEffect(() => {
    const id = mediaId(props.shown)
    const frame = list?.querySelector<HTMLElement>(`[data-media="${id}"]`)
    if (frame && list) scrollToMiddle(list, frame)
  })
  return (
    <fieldset ref={list} class="tool-group filmstrip" aria-label="Pictures of this generation">
      <Neighbours {...props} items={props.before} side="before" />
      <For each={props.items}>
        {item => (
          <Frame
            item={item}
            isShown={mediaId(item) === mediaId(props.shown)}
            mark={markOf(item, props.pair)}
            onChoose={side => props.onChoose(item, side)}
          />
        )}
      </For>
      <Neighbours {...props} items={props.after} side="after" />
    </fieldset>
  )
}

function Neighbours(props: FilmstripProps & { side: 'before' | 'after' }) {
  return (
    <Show when={props.items.length > 0}>
      <div class="filmstrip-neighbours" data-side={props.side}>
        <For each={props.items}>
          {item => <Frame item={item} isShown={false} isOutside onChoose={side => props.onChoose(item, side)} />}
        </For>
      </div>
    </Show>
  )
}

interface FrameProps {
  item: MediaItem
  isShown: boolean
  isOutside?: boolean
  mark?: 'A' | 'B' | undefined
  onChoose: (side: 'a' | 'b') => void
}

function Frame(props: FrameProps) {
  const source = () => {
    const { previewUrl, placeholder } = props.item.output
    return previewUrl ? previewUrlAtWidth(previewUrl, THUMBNAIL_WIDTH) : placeholderUrl(placeholder)
  }
  return (
    <button
      type="button"
      class="frame"
      data-media={mediaId(props.item)}
      data-mark={props.mark}
      tabindex={props.isShown ? 0 : -1}
      aria-current={props.isShown || props.mark ? 'true' : undefined}
      aria-label={`${props.mark ? `${props.mark}: ` : ''}${describeMedia(props.item)}`}
      style={{ '--ratio': `${ratioOf(props.item)}` }}
      onClick={event => props.onChoose(event.shiftKey ? 'a' : 'b')}
    >
      <Show when={source()} fallback={<Icon name={props.item.output.kind === 'video' ? 'video' : 'large'} />}>
        {url => <span class="frame-image" style={{ 'background-image': `url("${url()}")` }} />}
      </Show>
      <Show when={props.mark}>
        <span class="frame-mark" aria-hidden="true">
          {props.mark}
        </span>
      </Show>
    </button>
  )
}

const MIN_RATIO = 0.75
const MAX_RATIO = 1.6

/** Returns the ratio of width to height at which an output is drawn: within limits, so that each can be hit. */
function ratioOf({ output }: MediaItem): number {
  const ratio = output.width && output.height ? output.width / output.height : 1
  return Math.min(MAX_RATIO, Math.max(MIN_RATIO, ratio))
}

function markOf(item: MediaItem, pair: FilmstripProps['pair']): 'A' | 'B' | undefined {
  if (!pair) return undefined
  if (mediaId(pair.a) === mediaId(item)) return 'A'
  return mediaId(pair.b) === mediaId(item) ? 'B' : undefined
}

/** Scrolls a list only, and not the dialog around it. */
function scrollToMiddle(list: HTMLElement, item: HTMLElement): void {
  list.scrollLeft = item.offsetLeft - (list.clientWidth - item.offsetWidth) / 2
}
