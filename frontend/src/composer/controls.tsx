import type { Model } from '@darkroom/contracts/model'
import { For, type JSX, Show } from 'solid-js'
import type { Studio } from '../studio.ts'
import { count, duration } from '../ui/format.ts'
import { Icon } from '../ui/icons.tsx'

interface ControlsProps {
  studio: Studio
  isMore: boolean
  onMore: () => void
}

/** What the chosen model lets one choose, and nothing else. */
export function Controls(props: ControlsProps) {
  const { composing } = props.studio
  const { setDraft, fitted } = composing
  const hasMore = (model: Model) => model.seed || model.negativePrompt || Object.keys(model.settings).length > 0
  const numbers = (model: Model) => Array.from({ length: model.maxOutputs }, (_, index) => index + 1)
  return (
    <Show when={composing.model()}>
      {model => (
        <div class="controls">
          <Choice
            label="Model"
            value={model().id}
            choices={composing.models().map(({ id, name }) => [id, name])}
            onChange={id => setDraft('model', id)}
          />
          <Choice
            label="Aspect ratio"
            value={fitted().aspectRatio}
            choices={model().aspectRatios.map(ratio => [ratio, ratio])}
            onChange={ratio => setDraft('aspectRatio', model().aspectRatios.find(known => known === ratio) ?? '1:1')}
          />
          <Choice
            label="Resolution"
            value={fitted().resolution}
            choices={model().resolutions.map(side => [side, `${side} px`])}
            onChange={side => setDraft('resolution', model().resolutions.find(known => String(known) === side) ?? 1024)}
          />
          <Choice
            label="Outputs"
            value={fitted().numOutputs}
            choices={numbers(model()).map(many => [many, count(many, model().kind)])}
            onChange={many => setDraft('numOutputs', Number(many))}
          />
          <Choice
            label="Duration"
            value={fitted().duration ?? ''}
            choices={model().durations.map(seconds => [seconds, duration(seconds)])}
            onChange={seconds => setDraft('duration', Number(seconds))}
          />
          <Show when={hasMore(model())}>
            <button
              type="button"
              class="chip"
              aria-expanded={props.isMore}
              aria-controls="more-settings"
              onClick={() => props.onMore()}
            >
              <Icon name="settings" />
              <span>{settingsWords(composing.fitted().seed, model())}</span>
            </button>
          </Show>
        </div>
      )}
    </Show>
  )
}

interface ChoiceProps {
  label: string
  value: string | number
  choices: (readonly [value: string | number, words: string])[]
  onChange: (value: string) => void
}

/** A choice among several; the value alone where there is only one; nothing where there is none. */
function Choice(props: ChoiceProps): JSX.Element {
  return (
    <Show when={props.choices.length > 0}>
      <select
        class="chip"
        aria-label={props.label}
        title={props.label}
        disabled={props.choices.length === 1}
        onChange={event => props.onChange(event.currentTarget.value)}
      >
        <For each={props.choices}>
          {([value, words]) => (
            <option value={value} selected={value === props.value}>
              {words}
            </option>
          )}
        </For>
      </select>
    </Show>
  )
}

function settingsWords(seed: number | null, model: Model): string {
  return model.seed && seed !== null ? `Seed ${seed}` : 'Settings'
}
