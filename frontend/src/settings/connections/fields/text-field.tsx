import { createUniqueId, For, type JSX, Show } from 'solid-js'

interface TextFieldProps {
  label: string
  value: string
  onInput: (value: string) => void
  /** Sentence below the field. */
  note?: JSX.Element
  /** Sentence in its position while the value is not valid. */
  problem?: string | null | undefined
  type?: 'text' | 'password' | 'url'
  inputMode?: 'decimal' | 'numeric' | 'url'
  placeholder?: string
  unit?: string
  icon?: JSX.Element
  onMount?: (field: HTMLInputElement) => void
}

/** A line of text with its label, and a note or the problem of its value below. */
export function TextField(props: TextFieldProps) {
  const id = createUniqueId()
  const hasNote = () => Boolean(props.problem) || props.note !== undefined
  return (
    <div class="text-field">
      <label class="field-label" for={id}>
        {props.label}
      </label>
      <div class="field-box">
        {props.icon}
        <input
          ref={field => props.onMount?.(field)}
          id={id}
          type={props.type ?? 'text'}
          inputmode={props.inputMode}
          value={props.value}
          placeholder={props.placeholder}
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
          // Password managers would store a key, and offer it elsewhere.
          data-1p-ignore=""
          data-lpignore="true"
          aria-invalid={Boolean(props.problem)}
          aria-describedby={hasNote() ? `${id}-note` : undefined}
          onInput={event => props.onInput(event.currentTarget.value)}
        />
        <Show when={props.unit}>
          <span class="field-unit">{props.unit}</span>
        </Show>
      </div>
      <Show when={hasNote()}>
        <p id={`${id}-note`} class="field-note" data-problem={Boolean(props.problem)}>
          {props.problem || props.note}
        </p>
      </Show>
    </div>
  )
}

interface SelectFieldProps<Value extends string> {
  label: string
  value: Value
  options: readonly (readonly [value: Value, label: string])[]
  onChange: (value: Value) => void
}

/** A choice with its label. */
export function SelectField<Value extends string>(props: SelectFieldProps<Value>) {
  const id = createUniqueId()
  const select = (chosen: string) => {
    const option = props.options.find(([value]) => value === chosen)
    if (option) props.onChange(option[0])
  }
  return (
    <div class="text-field field-beside">
      <label class="field-label" for={id}>
        {props.label}
      </label>
      <select id={id} class="field-select" onChange={event => select(event.currentTarget.value)}>
        <For each={props.options}>
          {([value, label]) => (
            <option value={value} selected={value === props.value}>
              {label}
            </option>
          )}
        </For>
      </select>
    </div>
  )
}
