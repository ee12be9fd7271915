import type { Generation } from '@darkroom/contracts/generation'
import type { Output } from '@darkroom/contracts/output'
import { Show } from 'solid-js'
import { isInTrash } from '../../library/match-query.ts'
import { describeOutput } from '../../ui/format.ts'
import { Icon } from '../../ui/icons.tsx'
import { MenuButton } from '../../ui/menu.tsx'
import type { TileActions } from './tile-actions.ts'
import { fileNameOf, listTileMenu } from './tile-menu.ts'

interface TileControlsProps {
  rowKey: string
  generation: Generation
  output: Output & { url: string }
  /** Width of the tile, in CSS pixels. */
  width: number
  /** Whether the pointer or the focus is on the tile. */
  isEngaged: boolean
  actions: TileActions
}

/** A narrower tile has only the tick, the favourite and the menu, in CSS pixels. */
const ALL_CONTROLS_MIN_WIDTH = 160

/** The controls on an output. All but a set favourite are shown only while the pointer or the focus is on it. */
export function TileControls(props: TileControlsProps) {
  const name = () => describeOutput(props.generation, props.output)
  const isWide = () => props.isEngaged && props.width >= ALL_CONTROLS_MIN_WIDTH
  return (
    <div class="tile-actions">
      <Tick {...props} />
      <Show when={!isInTrash(props.generation)}>
        <MenuButton
          label={`More actions for ${name()}`}
          class="on-picture tile-menu"
          items={listTileMenu(props.generation, props.output, props.actions)}
        />
        <button
          type="button"
          class="on-picture tile-favourite"
          aria-label={`Favourite ${name()}`}
          aria-pressed={props.output.favourite}
          title="Favourite"
          onClick={() => props.actions.setFavourite(props.generation, props.output.index, !props.output.favourite)}
        >
          <Icon name="favourite" />
        </button>
        <Show when={isWide()}>
          <FileControls {...props} />
        </Show>
      </Show>
    </div>
  )
}

/** The tick that selects an output. */
function Tick(props: TileControlsProps) {
  const media = () => ({ key: props.rowKey, index: props.output.index })
  return (
    <Show when={props.actions.selection}>
      {selection => (
        <Show when={props.isEngaged || selection().isActive()}>
          <button
            type="button"
            class="tile-tick"
            aria-label={`Select ${describeOutput(props.generation, props.output)}`}
            aria-pressed={selection().isSelected(media())}
            title="Select"
            onClick={event => selection().toggle(media(), event.shiftKey)}
          >
            <span class="tick-circle">
              <Icon name="check" />
            </span>
          </button>
        </Show>
      )}
    </Show>
  )
}

function FileControls(props: TileControlsProps) {
  const name = () => describeOutput(props.generation, props.output)
  return (
    <div class="tile-files">
      <Show when={props.output.kind === 'image'}>
        <button
          type="button"
          class="on-picture on-picture-word"
          aria-label={`Reference: use ${name()} as a reference`}
          onClick={() =>
            props.actions.useAsReference({
              url: props.output.url,
              previewUrl: props.output.previewUrl ?? props.output.url,
            })
          }
        >
          <Show when={props.width >= REFERENCE_WORD_MIN_WIDTH} fallback={<Icon name="reference" />}>
            Reference
          </Show>
        </button>
      </Show>
      <a
        class="on-picture"
        href={props.output.url}
        download={fileNameOf(props.generation, props.output)}
        aria-label={`Download ${name()}`}
        title="Download"
      >
        <Icon name="download" />
      </a>
    </div>
  )
}

/** A narrower tile has an icon instead of the word, in CSS pixels. */
const REFERENCE_WORD_MIN_WIDTH = 210
