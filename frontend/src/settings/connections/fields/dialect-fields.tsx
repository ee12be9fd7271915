import type { Dialect } from '@darkroom/contracts/connection'
import { createSignal, For, untrack } from 'solid-js'
import { changeDialect, parseMicros, toDollars } from '../connection-form.ts'
import { SelectField, TextField } from './text-field.tsx'

interface DialectFieldsProps {
  dialect: Dialect
  onChange: (dialect: Dialect) => void
}

const FOUND = ['', 'found by the check'] as const

const REFERENCES = [
  FOUND,
  ['none', 'none'],
  ['multipart', 'as files (multipart)'],
  ['image-url', 'image_url'],
  ['json-images', 'images, as base64'],
  ['input-references', 'input_references'],
] as const

const RESPONSE_FORMATS = [
  FOUND,
  ['none', 'nothing asked for'],
  ['b64_json', 'b64_json'],
  ['base64', 'base64'],
  ['url', 'url'],
] as const

const SIZE_STYLES = [
  FOUND,
  ['size', 'size: 1024x1024'],
  ['width-height', 'width and height'],
  ['aspect-ratio', 'aspect_ratio'],
  ['none', 'not at all'],
] as const

const SWITCHES = [FOUND, ['yes', 'yes'], ['no', 'no']] as const

const SWITCH_FIELDS = [
  ['sendsModel', 'Is sent the model’s name'],
  ['takesMask', 'Takes a mask'],
  ['takesSeed', 'Takes a seed'],
  ['takesNegativePrompt', 'Takes a negative prompt'],
  ['takesSteps', 'Takes a number of steps'],
] as const

const PATH_FIELDS = [
  ['modelsPath', 'Path of its models', '/models'],
  ['generatePath', 'Path that generates', '/images/generations'],
  ['editPath', 'Path that edits', '/images/edits'],
] as const

/** The dialect of an OpenAI-compatible server: what the check has not found out, or has found out wrongly. */
export function DialectFields(props: DialectFieldsProps) {
  const set = <Field extends keyof Dialect>(field: Field, value: Dialect[Field] | undefined) =>
    props.onChange(changeDialect(props.dialect, field, value))
  return (
    <details class="more-fields">
      <summary>What this server takes</summary>
      <ModelNames {...props} />
      <SelectField
        label="References"
        value={props.dialect.references ?? ''}
        options={REFERENCES}
        onChange={value => set('references', value || undefined)}
      />
      <SelectField
        label="Sizes"
        value={props.dialect.sizeStyle ?? ''}
        options={SIZE_STYLES}
        onChange={value => set('sizeStyle', value || undefined)}
      />
      <SelectField
        label="Response format"
        value={props.dialect.responseFormat ?? ''}
        options={RESPONSE_FORMATS}
        onChange={value => set('responseFormat', value || undefined)}
      />
      <For each={SWITCH_FIELDS}>
        {([field, label]) => (
          <SelectField
            label={label}
            value={formatSwitch(props.dialect[field])}
            options={SWITCHES}
            onChange={value => set(field, value === '' ? undefined : value === 'yes')}
          />
        )}
      </For>
      <For each={PATH_FIELDS}>
        {([field, label, placeholder]) => (
          <TextField
            label={label}
            value={props.dialect[field] ?? ''}
            placeholder={placeholder}
            onInput={value => set(field, value.trim() || undefined)}
          />
        )}
      </For>
      <OutputPrice {...props} />
    </details>
  )
}

function formatSwitch(value: boolean | undefined): '' | 'yes' | 'no' {
  if (value === undefined) return ''
  return value ? 'yes' : 'no'
}

/** The names of its models, for a server that lists none. */
function ModelNames(props: DialectFieldsProps) {
  // The text is the user's while it is typed: parsed and joined again, it would lose the comma at its end.
  const [text, setText] = createSignal(untrack(() => props.dialect.models?.join(', ') ?? ''))
  const update = (typed: string) => {
    setText(typed)
    const names = typed.split(',').map(name => name.trim())
    const models = names.filter(name => name !== '')
    props.onChange(changeDialect(props.dialect, 'models', models.length === 0 ? undefined : models))
  }
  return (
    <TextField
      label="Models, where it lists none"
      value={text()}
      placeholder="flux-dev, sdxl"
      note="Separated by commas."
      onInput={update}
    />
  )
}

function OutputPrice(props: DialectFieldsProps) {
  const [text, setText] = createSignal(untrack(() => toDollars(props.dialect.outputMicros)))
  const micros = () => parseMicros(text())
  const update = (typed: string) => {
    setText(typed)
    props.onChange(changeDialect(props.dialect, 'outputMicros', micros() ?? undefined))
  }
  return (
    <TextField
      label="Price of an image"
      inputMode="decimal"
      unit="USD"
      value={text()}
      placeholder="not known"
      note="0 for a machine of your own."
      problem={micros() === undefined ? 'An amount in dollars, such as 0.04.' : null}
      onInput={update}
    />
  )
}
