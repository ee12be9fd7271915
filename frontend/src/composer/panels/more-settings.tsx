import type { Generation } from '@darkroom/contracts/generation'
import type { Model } from '@darkroom/contracts/model'
import { withDefaults } from '@darkroom/contracts/model-fields'
import { createMemo, For, Show } from 'solid-js'
import type { SetDraft } from '../composer-state.ts'
import type { Draft } from '../draft.ts'
import { shortenText } from '../parent/draft-parent.ts'
import { SettingField } from './setting-field.tsx'
import { groupSettings } from './setting-groups.ts'

interface MoreSettingsProps {
  /** The draft within the limits of the model. */
  draft: Draft
  setDraft: SetDraft
  model: Model
  /** The generation whose settings were used last. */
  reused: Pick<Generation, 'prompt' | 'parameters'> | undefined
}

/** Seed, negative prompt and the settings of the selected model. */
export default function MoreSettings(props: MoreSettingsProps) {
  const groups = createMemo(() => groupSettings(props.model.settings, withDefaults(props.model, props.draft.settings)))
  const titles = createMemo(() => groups().map(({ title }) => title), [], { equals: isSameList })
  return (
    <fieldset class="more-settings" id="settings-panel">
      <legend class="unseen">More settings</legend>
      <Show when={props.model.seed}>{range => <SeedField {...props} min={range().min} max={range().max} />}</Show>
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
      <For each={titles()}>{title => <SettingGroup {...props} title={title} names={namesOf(groups(), title)} />}</For>
    </fieldset>
  )
}

/** Number of characters of a prompt that a button shows. */
const MAX_PROMPT_CHARACTERS = 28

/** The seed. A number beyond what the model takes becomes the nearest that it takes. */
function SeedField(props: MoreSettingsProps & { min: number; max: number }) {
  const setSeed = (input: HTMLInputElement) => {
    const digits = input.value.replace(/\D/g, '')
    const seed = digits === '' ? null : Math.min(Math.max(Number(digits), props.min, 0), props.max)
    props.setDraft('seed', seed)
    input.value = seed === null ? '' : String(seed)
  }
  /** The seed of the generation that was used last, unless it is the chosen one, or one that the model does not take. */
  const offered = () => {
    const seed = props.reused?.parameters.seed
    const isTaken = typeof seed === 'number' && seed >= props.min && seed <= props.max
    return isTaken && seed !== props.draft.seed ? seed : undefined
  }
  return (
    <div class="field">
      <label>
        <span>Seed</span>
        <input
          type="text"
          inputmode="numeric"
          placeholder="a new one each time"
          title={`A whole number from ${Math.max(props.min, 0)} to ${props.max}`}
          value={props.draft.seed ?? ''}
          onChange={event => setSeed(event.currentTarget)}
        />
      </label>
      <Show when={offered()}>
        {seed => (
          <button type="button" class="quiet same-seed" onClick={() => props.setDraft('seed', seed())}>
            Same seed as “{shortenText(props.reused?.prompt ?? '', MAX_PROMPT_CHARACTERS)}”: {seed()}
          </button>
        )}
      </Show>
    </div>
  )
}

/** The settings of one group, with its title if it has one. */
function SettingGroup(props: MoreSettingsProps & { title: string | null; names: string[] }) {
  const fields = () => (
    <For each={props.names}>
      {name => (
        <Show when={props.model.settings[name]}>
          {setting => (
            <SettingField
              setting={setting()}
              value={props.draft.settings[name] ?? setting().default}
              onChange={value => props.setDraft('settings', name, value as never)}
            />
          )}
        </Show>
      )}
    </For>
  )
  return (
    <Show when={props.title} fallback={fields()}>
      {title => (
        <fieldset class="setting-group">
          <legend>{title()}</legend>
          {fields()}
        </fieldset>
      )}
    </Show>
  )
}

function namesOf(groups: ReturnType<typeof groupSettings>, title: string | null): string[] {
  return groups.find(group => group.title === title)?.settings.map(([name]) => name) ?? []
}

function isSameList(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index])
}
