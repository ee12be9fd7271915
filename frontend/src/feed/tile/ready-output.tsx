import type { Output } from '@darkroom/contracts/output'
import { createSignal, Show } from 'solid-js'
import { describeOutput, formatClockTime, formatExpiry, formatPromptStart } from '../../ui/format.ts'
import { Icon } from '../../ui/icons.tsx'
import { lazyPart } from '../../ui/lazy-part.tsx'
import { createLongPress } from './long-press.ts'
import type { OutputTileProps } from './tile-actions.ts'
import { TileImage } from './tile-image.tsx'

/** They lie over the picture: nothing moves when they are there. */
const TileControls = lazyPart(async () => ({ default: (await import('./tile-controls.tsx')).TileControls }), null)

/** An output that can be shown: its preview, which opens it, and its controls. */
export function ReadyOutput(props: OutputTileProps & { output: Output & { url: string }; isEngaged: boolean }) {
  const [isBroken, setBroken] = createSignal(false)
  const media = () => ({ key: props.rowKey, index: props.output.index })
  const selection = () => props.actions.selection
  const isSelecting = () => selection()?.isActive() ?? false
  const longPress = createLongPress(() => {
    const { onHold } = props.actions
    if (onHold) onHold(media())
    else selection()?.toggle(media(), false)
  })
  const name = () => describeOutput(props.generation, props.output)
  const label = () =>
    `${isSelecting() ? 'Select' : 'Open'} ${name()}${isBroken() ? ' (its preview could not be loaded)' : ''}`

  function onClick(event: MouseEvent) {
    if (longPress.consumeClick()) return
    if (isSelecting()) selection()?.toggle(media(), event.shiftKey)
    else props.actions.showMedia(media())
  }

  return (
    <>
      <button
        type="button"
        class="picture"
        data-output-index={props.output.index}
        aria-label={label()}
        aria-pressed={isSelecting() ? selection()?.isSelected(media()) : undefined}
        onClick={onClick}
        onPointerDown={longPress.onPointerDown}
        onPointerMove={longPress.onPointerMove}
        onPointerUp={longPress.cancel}
        onPointerCancel={longPress.cancel}
        onContextMenu={longPress.onContextMenu}
      >
        <TileImage
          output={props.output}
          alt={name()}
          name={formatPromptStart(props.generation.prompt)}
          width={props.box?.width ?? 320}
          coarseNow={props.coarseNow}
          onBroken={setBroken}
        />
      </button>
      <Show when={props.output.kind === 'video'}>
        <p class="pill pill-video">
          <Icon name="play" />
          {props.output.duration === null ? 'Video' : formatClockTime(props.output.duration)}
        </p>
      </Show>
      <Show when={props.output.state === 'temporary'}>
        <p class="pill pill-temporary">
          <Icon name="clock" />
          <span>{formatExpiry(props.output, props.coarseNow())}</span>
        </p>
      </Show>
      <TileControls
        rowKey={props.rowKey}
        generation={props.generation}
        output={props.output}
        width={props.box?.width ?? 0}
        isEngaged={props.isEngaged}
        actions={props.actions}
      />
    </>
  )
}
