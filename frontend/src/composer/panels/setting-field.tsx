import type { Setting } from '@darkroom/contracts/model'
import type { Scalar } from '@darkroom/contracts/parameters'
import { createUniqueId, For, Match, Show, Switch } from 'solid-js'
import { clampNumber, isSlider } from './setting-groups.ts'

interface SettingFieldProps {
  setting: Setting
  /** Undefined while nothing is chosen of a setting without a default. */
  value: Scalar | undefined
  /** Called with undefined to leave the setting to the provider. */
  onChange: (value: Scalar | undefined) => void
}

const UNSET_LABEL = 'as the provider decides'

/** The field of a setting, by its type and its limits, with its description. */
export function SettingField(props: SettingFieldProps) {
  const helpId = createUniqueId()
  const describedBy = () => (props.setting.description === undefined ? undefined : helpId)
  return (
    <div class="field" data-type={props.setting.type}>
      <label>
        <span>{props.setting.title}</span>
        <Switch fallback={<TextInput {...props} describedBy={describedBy()} />}>
          <Match when={listOptions(props.setting)}>
            {options => <SelectInput {...props} options={options()} describedBy={describedBy()} />}
          </Match>
          <Match when={props.setting.type === 'boolean'}>
            <input
              type="checkbox"
              aria-describedby={describedBy()}
              checked={props.value === true}
              onChange={event => props.onChange(event.currentTarget.checked)}
            />
          </Match>
          <Match when={isSlider(props.setting)}>
            <Slider {...props} describedBy={describedBy()} />
          </Match>
          <Match when={props.setting.type !== 'string'}>
            <NumberInput {...props} describedBy={describedBy()} />
          </Match>
        </Switch>
      </label>
      <Show when={props.setting.description}>
        {description => (
          <p class="field-help" id={helpId}>
            {description()}
          </p>
        )}
      </Show>
    </div>
  )
}

type InputProps = SettingFieldProps & { describedBy: string | undefined }

function Slider(props: InputProps) {
  return (
    <>
      <input
        type="range"
        aria-describedby={props.describedBy}
        min={props.setting.minimum}
        max={props.setting.maximum}
        step={props.setting.multipleOf ?? (props.setting.type === 'integer' ? 1 : 'any')}
        value={Number(props.value)}
        onInput={event => props.onChange(event.currentTarget.valueAsNumber)}
      />
      <output>{String(props.value)}</output>
    </>
  )
}

/** A typed number. One beyond the limits becomes the nearest within them, and is shown. */
function NumberInput(props: InputProps) {
  const setNumber = (input: HTMLInputElement) => {
    const value = clampNumber(props.setting, input.valueAsNumber)
    props.onChange(value)
    input.value = String(value ?? props.setting.default ?? '')
  }
  return (
    <input
      type="number"
      aria-describedby={props.describedBy}
      placeholder={UNSET_LABEL}
      min={props.setting.minimum}
      max={props.setting.maximum}
      step={props.setting.multipleOf ?? (props.setting.type === 'integer' ? 1 : 'any')}
      value={props.value === undefined ? '' : Number(props.value)}
      onChange={event => setNumber(event.currentTarget)}
    />
  )
}

function TextInput(props: InputProps) {
  return (
    <input
      type="text"
      aria-describedby={props.describedBy}
      placeholder={UNSET_LABEL}
      maxLength={props.setting.maxLength ?? 1_000}
      value={String(props.value ?? '')}
      onInput={event => props.onChange(event.currentTarget.value || undefined)}
    />
  )
}

function SelectInput(props: InputProps & { options: Option[] }) {
  const select = (text: string) => props.onChange(props.options.find(({ value }) => String(value) === text)?.value)
  return (
    <select class="chip" aria-describedby={props.describedBy} onChange={event => select(event.currentTarget.value)}>
      <Show when={props.setting.default === undefined}>
        <option value="" selected={props.value === undefined}>
          {UNSET_LABEL}
        </option>
      </Show>
      <For each={props.options}>
        {({ value, label }) => (
          <option value={String(value)} selected={value === props.value}>
            {label}
          </option>
        )}
      </For>
    </select>
  )
}

interface Option {
  value: Scalar
  label: string
}

/** Returns the options of a setting that is chosen from a list, undefined for any other. Without a default, yes and no are a list. */
function listOptions({ type, enum: values, default: standard }: Setting): Option[] | undefined {
  if (values) return values.map(value => ({ value, label: String(value) }))
  if (type !== 'boolean' || standard !== undefined) return undefined
  return [
    { value: true, label: 'on' },
    { value: false, label: 'off' },
  ]
}
