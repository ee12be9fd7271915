import { previewUrlAtWidth, THUMBNAIL_WIDTH } from '@darkroom/contracts/previews'
import { For, Show } from 'solid-js'
import { Icon } from '../../ui/icons.tsx'
import { placeholderUrl } from '../../ui/placeholder/placeholder.ts'
import type { MediaItem } from '../gallery.ts'
import type { LineageStep } from '../lineage-source.ts'
import type { Lineage } from './lineage-state.ts'

interface LineageViewProps {
  media: MediaItem
  lineage: Lineage
  /** The differences of the output from its parent, in words. */
  change: string | undefined
  /** Shows an output, also one that is not loaded in the feed. */
  onOpen: (step: LineageStep) => void
}

/** More children than this are counted only. */
const MAX_CHILDREN = 6

/** The outputs that one came out of, and those that were made of it: the oldest first. Each of them can be opened. */
export function LineageView(props: LineageViewProps) {
  const self = (): LineageStep => ({ generation: props.media.generation, outputIndex: props.media.index })
  const isEmpty = () => props.lineage.ancestors.length === 0 && props.lineage.children.length === 0
  return (
    <Show when={!isEmpty()}>
      <section class="details-section">
        <h3>{props.lineage.ancestors.length > 0 ? 'Where it came from' : 'What was made from it'}</h3>
        <ol class="lineage">
          <For each={props.lineage.ancestors.toReversed()}>
            {(step, at) => {
              const label = () => (at() === props.lineage.ancestors.length - 1 ? 'parent' : 'earlier')
              return <Step step={step} label={label()} note={step.change} onOpen={props.onOpen} />
            }}
          </For>
          <Step step={self()} label="this one" note={props.change} isShown />
          <For each={props.lineage.children.slice(0, MAX_CHILDREN)}>
            {step => <Step step={step} label="made from it" note={step.change} onOpen={props.onOpen} isChild />}
          </For>
        </ol>
        <Show when={props.lineage.children.length > MAX_CHILDREN}>
          <p class="details-note">and {props.lineage.children.length - MAX_CHILDREN} more made from it</p>
        </Show>
      </section>
    </Show>
  )
}

interface StepProps {
  step: LineageStep
  label: string
  note?: string | undefined
  isShown?: boolean
  isChild?: boolean
  onOpen?: (step: LineageStep) => void
}

function Step(props: StepProps) {
  const source = () => {
    const output = props.step.generation.outputs[props.step.outputIndex]
    const preview = output?.previewUrl ?? undefined
    return preview ? previewUrlAtWidth(preview, THUMBNAIL_WIDTH) : placeholderUrl(output?.placeholder ?? null)
  }
  return (
    <li class="lineage-step" data-child={props.isChild}>
      <button
        type="button"
        class="lineage-image"
        aria-current={props.isShown ? 'true' : undefined}
        aria-label={`${props.label}: ${props.step.generation.prompt.slice(0, 120)}`}
        style={{ 'background-image': source() === undefined ? 'none' : `url("${source()}")` }}
        onClick={() => props.onOpen?.(props.step)}
      >
        <Show when={source() === undefined}>
          <Icon name="large" />
        </Show>
      </button>
      <span>{props.label}</span>
      <Show when={props.note}>
        <span class="lineage-note">{props.note}</span>
      </Show>
    </li>
  )
}
