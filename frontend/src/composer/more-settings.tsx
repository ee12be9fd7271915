import type { Model, Setting } from '@darkroom/contracts/model'
import type { Scalar } from '@darkroom/contracts/parameters'
import { For, Match, Show, Switch } from 'solid-js'
import type { SetDraft } from './composer-state.ts'
import type { Draft } from './draft.ts'

interface MoreSettingsProps {
  draft: Draft
  setDraft: SetDraft
  model: Model
}

/** Seed, negative prompt and the settings of the selected model. */
export function MoreSettings(props: MoreSettingsProps) {
  const setSeed = (text: string) => {
    const digits = text.replace(/\D/g, '')
    props.setDraft('seed', digits === '' ? null : Math.min(Number(digits), Number.MAX_SAFE_INTEGER))
  }
  return (
    <fieldset class="more-settings" id="more-settings">
      <legend class="unseen">More settings</legend>
      <Show when={props.model.seed}>
        <label class="field">
          <span>Seed</span>
          <input
            type="text"
            inputmode="numeric"
            placeholder="a new one each time"
            value={props.draft.seed ?? ''}
            onChange={event => setSeed(event.currentTarget.value)}
          />
        </label>
      </Show>
      <Show when={props.model.negativePrompt}>
        <label class="field field-wide">
          <span>Leave out</span>
          <input
            type="text"
            placeholder="what should not be seen"
            value={props.draft.negativePrompt}
            onInput={event => props.setDraft('negativePrompt', event.currentTarget.value)}
          />
        </label>
      </Show>
      <For each={Object.entries(props.model.settings)}>
        {([name, setting]) => (
          <SettingField
            setting={setting}
            value={props.draft.settings[name] ?? setting.default}
            onChange={value => props.setDraft('settings', name, value)}
          />
        )}
      </For>
    </fieldset>
  )
}

interface SettingFieldProps<S extends Setting = Setting> {
  setting: S
  value: Scalar
  onChange: (value: Scalar) => void
}

function SettingField(props: SettingFieldProps) {
  const settingOfType = <T extends Setting['type']>(type: T) =>
    props.setting.type === type ? (props.setting as Extract<Setting, { type: T }>) : undefined
  return (
    <label class="field" data-type={props.setting.type}>
      <span>{props.setting.label}</span>
      <Switch>
        <Match when={settingOfType('number')}>{setting => <NumberInput {...props} setting={setting()} />}</Match>
        <Match when={settingOfType('choice')}>{setting => <SelectInput {...props} setting={setting()} />}</Match>
        <Match when={settingOfType('boolean')}>
          <input
            type="checkbox"
            checked={props.value === true}
            onChange={event => props.onChange(event.currentTarget.checked)}
          />
        </Match>
      </Switch>
    </label>
  )
}

function NumberInput(props: SettingFieldProps<Extract<Setting, { type: 'number' }>>) {
  return (
    <>
      <input
        type="range"
        min={props.setting.min}
        max={props.setting.max}
        step={props.setting.step}
        value={Number(props.value)}
        onInput={event => props.onChange(event.currentTarget.valueAsNumber)}
      />
      <output>{String(props.value)}</output>
    </>
  )
}

function SelectInput(props: SettingFieldProps<Extract<Setting, { type: 'choice' }>>) {
  return (
    <select class="chip" onChange={event => props.onChange(event.currentTarget.value)}>
      <For each={props.setting.choices}>
        {choice => (
          <option value={choice} selected={choice === props.value}>
            {choice}
          </option>
        )}
      </For>
    </select>
  )
}
