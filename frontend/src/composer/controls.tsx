import type { Model } from '@darkroom/contracts/model'
import { For, type JSX, Show } from 'solid-js'
import { formatCount, formatDuration } from '../ui/format.ts'
import { Icon } from '../ui/icons.tsx'
import type { SetDraft } from './composer-state.ts'
import type { Draft } from './draft.ts'

interface ControlsProps {
  model: Model
  models: readonly Model[]
  /** The draft within the limits of the model. */
  draft: Draft
  setDraft: SetDraft
  isExpanded: boolean
  onToggle: () => void
}

/** The choices that the selected model offers. */
export function Controls(props: ControlsProps) {
  const outputCounts = () => Array.from({ length: props.model.maxOutputs }, (_, index) => index + 1)
  return (
    <div class="controls">
      <Select
        label="Model"
        value={props.model.id}
        options={props.models.map(({ id, name }) => [id, name])}
        onChange={id => props.setDraft('model', id)}
      />
      <Select
        label="Aspect ratio"
        value={props.draft.aspectRatio}
        options={props.model.aspectRatios.map(ratio => [ratio, ratio])}
        onChange={value => props.setDraft('aspectRatio', findOption(props.model.aspectRatios, value) ?? '1:1')}
      />
      <Select
        label="Resolution"
        value={props.draft.resolution}
        options={props.model.resolutions.map(side => [side, `${side} px`])}
        onChange={value => props.setDraft('resolution', findOption(props.model.resolutions, value) ?? 1024)}
      />
      <Select
        label="Outputs"
        value={props.draft.numOutputs}
        options={outputCounts().map(count => [count, formatCount(count, props.model.kind)])}
        onChange={count => props.setDraft('numOutputs', Number(count))}
      />
      <Select
        label="Duration"
        value={props.draft.duration ?? ''}
        options={props.model.durations.map(seconds => [seconds, formatDuration(seconds)])}
        onChange={seconds => props.setDraft('duration', Number(seconds))}
      />
      <SettingsToggle {...props} />
    </div>
  )
}

/** The button that shows or hides the further settings, if the model has any. */
function SettingsToggle(props: Pick<ControlsProps, 'model' | 'draft' | 'isExpanded' | 'onToggle'>) {
  const hasSettings = () =>
    props.model.seed || props.model.negativePrompt || Object.keys(props.model.settings).length > 0
  return (
    <Show when={hasSettings()}>
      <button
        type="button"
        class="chip"
        aria-expanded={props.isExpanded}
        aria-controls="more-settings"
        onClick={() => props.onToggle()}
      >
        <Icon name="settings" />
        <span>{formatSettingsLabel(props.draft.seed, props.model)}</span>
      </button>
    </Show>
  )
}

interface SelectProps {
  label: string
  value: string | number
  options: (readonly [value: string | number, label: string])[]
  onChange: (value: string) => void
}

/** A select box. It is disabled if there is one option only, and not shown if there is none. */
function Select(props: SelectProps): JSX.Element {
  return (
    <Show when={props.options.length > 0}>
      <select
        class="chip"
        aria-label={props.label}
        title={props.label}
        disabled={props.options.length === 1}
        onChange={event => props.onChange(event.currentTarget.value)}
      >
        <For each={props.options}>
          {([value, label]) => (
            <option value={value} selected={value === props.value}>
              {label}
            </option>
          )}
        </For>
      </select>
    </Show>
  )
}

function findOption<T extends string | number>(options: readonly T[], value: string): T | undefined {
  return options.find(option => String(option) === value)
}

function formatSettingsLabel(seed: number | null, model: Model): string {
  return model.seed && seed !== null ? `Seed ${seed}` : 'Settings'
}
