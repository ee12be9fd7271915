import type { Generation } from '@darkroom/contracts/generation'
import type { Output } from '@darkroom/contracts/output'
import { createSignal, Match, Switch } from 'solid-js'
import { isVisible } from '../lightbox/is-visible.ts'
import { describeOutput } from '../ui/format.ts'
import { Icon } from '../ui/icons.tsx'
import { placeholderUrl } from '../ui/placeholder/placeholder.ts'
import { pendingHue } from './tile/pending-tone.ts'
import { ReadyOutput } from './tile/ready-output.tsx'
import type { OutputTileProps } from './tile/tile-actions.ts'

/** A narrower tile has no space for words, in CSS pixels. */
const ROOMY_WIDTH = 210

/** One output, in any state. Its box is the same in all of them. */
export function OutputTile(props: OutputTileProps) {
  const [isHovered, setHovered] = createSignal(false)
  const [isFocused, setFocused] = createSignal(false)
  const visible = () => (isVisible(props.output) ? props.output : undefined)
  const isMaking = () => props.output.state === 'pending' || props.output.state === 'saving'
  const isSelected = () => {
    const { selection } = props.actions
    return selection?.isActive() && selection.isSelected({ key: props.rowKey, index: props.output.index })
  }
  return (
    <div
      class="tile"
      data-state={props.output.state}
      data-narrow={(props.box?.width ?? 0) < ROOMY_WIDTH}
      data-selecting={props.actions.selection?.isActive() ?? false}
      data-selected={isSelected() ?? false}
      style={{
        left: `${props.box?.left ?? 0}px`,
        top: `${props.box?.top ?? 0}px`,
        width: `${props.box?.width ?? 0}px`,
        height: `${props.box?.height ?? 0}px`,
        'background-image': placeholderBackground(props.output),
        ...(isMaking() && toneStyle(props.generation, props.output.index)),
      }}
      onPointerEnter={event => setHovered(event.pointerType === 'mouse')}
      onPointerLeave={() => setHovered(false)}
      onFocusIn={() => setFocused(true)}
      onFocusOut={event => setFocused(isWithin(event.currentTarget, event.relatedTarget))}
    >
      {/* Filled by `live/previews` while the output is made. */}
      <div class="live-preview" data-index={props.output.index} aria-hidden="true" />
      <Switch fallback={<MissingOutput {...props} />}>
        <Match when={visible()}>
          {output => <ReadyOutput {...props} output={output()} isEngaged={isHovered() || isFocused()} />}
        </Match>
        <Match when={isMaking()}>{null}</Match>
      </Switch>
    </div>
  )
}

/** Controls that are shown for the focus must not vanish while it moves among them. */
function isWithin(tile: Element, target: EventTarget | null): boolean {
  return target instanceof Node && tile.contains(target)
}

/** An output that is missing and will not arrive by itself. The text of the row has the reason. */
function MissingOutput(props: OutputTileProps) {
  const label = () =>
    `${describeOutput(props.generation, props.output)}. ${props.output.state === 'lost' ? 'It is gone' : 'Not made'}`
  return (
    <div class="no-image" role="img" aria-label={label()} title={props.output.error?.message}>
      <Icon name="warning" />
    </div>
  )
}

function toneStyle(generation: Generation, index: number): Record<string, string> {
  const hue = pendingHue(generation, index)
  return hue === undefined ? {} : { '--pending-hue': String(hue), '--pending-chroma': '0.012' }
}

/** Returns the CSS background image of an output's placeholder, which is shown until the image is drawn. */
export function placeholderBackground(output: Output): string | undefined {
  const url = isVisible(output) ? placeholderUrl(output.placeholder) : undefined
  return url && `url("${url}")`
}
