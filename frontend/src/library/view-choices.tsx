import { createUniqueId, For, type JSX, Show } from 'solid-js'
import type { Density } from '../feed/row-layout.ts'
import type { Theme } from '../settings/theme.ts'
import type { PersistedChoice } from '../ui/persisted-choice.ts'

export interface ViewChoicesProps {
  density: PersistedChoice<Density>
  theme: PersistedChoice<Theme>
  /** Whether the feed is shown: its choices are of no use on another page. */
  isFeed: boolean
  onJumpToDate: () => void
  onShowKeys: () => void
  /** Links to the sections and pages, for windows that are too narrow to show them in the header. */
  children: JSX.Element
}

const THEME_LABELS: Record<Theme, string> = { system: 'As the system', dark: 'Dark', paper: 'Paper' }
const DENSITY_LABELS: Record<Density, string> = { large: 'Large', medium: 'Medium', small: 'Small' }

/** The choices of the view. @param props.onClose closes the menu that they are in */
export function ViewChoices(props: ViewChoicesProps & { onClose: () => void }) {
  const closeAfter = (run: () => void) => () => {
    props.onClose()
    run()
  }
  return (
    <>
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: a key on a link is a click. */}
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the links inside are what is clicked. */}
      <div class="view-pages" onClick={() => props.onClose()}>
        {props.children}
      </div>
      <Show when={props.isFeed}>
        <ChoiceGroup legend="Pictures" choice={props.density} labels={DENSITY_LABELS} />
      </Show>
      <ChoiceGroup legend="Theme" choice={props.theme} labels={THEME_LABELS} />
      <Show when={props.isFeed}>
        <button type="button" class="view-item" onClick={closeAfter(props.onJumpToDate)}>
          <span>Jump to date…</span>
          <kbd>G</kbd>
        </button>
      </Show>
      <button type="button" class="view-item" onClick={closeAfter(props.onShowKeys)}>
        <span>Keys</span>
        <kbd>?</kbd>
      </button>
    </>
  )
}

interface ChoiceGroupProps<Name extends string> {
  legend: string
  choice: PersistedChoice<Name>
  labels: Record<Name, string>
}

function ChoiceGroup<Name extends string>(props: ChoiceGroupProps<Name>) {
  const name = createUniqueId()
  return (
    <fieldset class="view-choice">
      <legend>{props.legend}</legend>
      <For each={Object.keys(props.labels) as Name[]}>
        {option => (
          <label class="view-item">
            <input
              type="radio"
              name={name}
              checked={props.choice.selected() === option}
              onChange={() => props.choice.select(option)}
            />
            <span>{props.labels[option]}</span>
          </label>
        )}
      </For>
    </fieldset>
  )
}
