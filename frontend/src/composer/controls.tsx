import type { Model } from '@darkroom/contracts/model'
import { For, type JSX, Show } from 'solid-js'
import type { Studio } from '../studio.ts'
import { formatCount, formatDuration } from '../ui/format.ts'
import { Icon } from '../ui/icons.tsx'

interface ControlsProps {
  studio: Studio
  isExpanded: boolean
  onToggle: () => void
}

/** What the chosen model lets one choose, and nothing else. */
export function Controls(props: ControlsProps) {
  const { composing: composer } = props.studio
  const { setDraft, fitted: adaptedDraft } = composer
  const hasSettings = (model: Model) => model.seed || model.negativePrompt || Object.keys(model.settings).length > 0
  const outputCounts = (model: Model) => Array.from({ length: model.maxOutputs }, (_, index) => index + 1)
  return (
    <Show when={composer.model()}>
      {model => (
        <div class="controls">
          <Select
            label="Model"
            value={model().id}
            options={composer.models().map(({ id, name }) => [id, name])}
            onChange={id => setDraft('model', id)}
          />
          <Select
            label="Aspect ratio"
            value={adaptedDraft().aspectRatio}
            options={model().aspectRatios.map(ratio => [ratio, ratio])}
            onChange={ratio => setDraft('aspectRatio', model().aspectRatios.find(known => known === ratio) ?? '1:1')}
          />
          <Select
            label="Resolution"
            value={adaptedDraft().resolution}
            options={model().resolutions.map(side => [side, `${side} px`])}
            onChange={side => setDraft('resolution', model().resolutions.find(known => String(known) === side) ?? 1024)}
          />
          <Select
            label="Outputs"
            value={adaptedDraft().numOutputs}
            options={outputCounts(model()).map(many => [many, formatCount(many, model().kind)])}
            onChange={many => setDraft('numOutputs', Number(many))}
          />
          <Select
            label="Duration"
            value={adaptedDraft().duration ?? ''}
            options={model().durations.map(seconds => [seconds, formatDuration(seconds)])}
            onChange={seconds => setDraft('duration', Number(seconds))}
          />
          <Show when={hasSettings(model())}>
            <button
              type="button"
              class="chip"
              aria-expanded={props.isExpanded}
              aria-controls="more-settings"
              onClick={() => props.onToggle()}
            >
              <Icon name="settings" />
              <span>{formatSettingsLabel(composer.fitted().seed, model())}</span>
            </button>
          </Show>
        </div>
      )}
    </Show>
  )
}

interface SelectProps {
  label: string
  value: string | number
  options: (readonly [value: string | number, words: string])[]
  onChange: (value: string) => void
}

/** A choice among several; the value alone where there is only one; nothing where there is none. */
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

function formatSettingsLabel(seed: number | null, model: Model): string {
  return model.seed && seed !== null ? `Seed ${seed}` : 'Settings'
}
