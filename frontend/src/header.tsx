import { Show } from 'solid-js'
import type { Density } from './feed/row-layout.ts'
import type { Connection } from './live/live.ts'
import { createTheme, type Theme } from './settings/theme.ts'
import { Icon, type IconName } from './ui/icons.tsx'
import type { Choice } from './ui/persisted-choice.ts'

const CONNECTION_WORDS: Record<Connection, string> = {
  connecting: '',
  live: '',
  reconnecting: 'Reconnecting…',
  offline: 'Offline. What you send goes out when you are back.',
}

const THEME_WORDS: Record<Theme, string> = {
  system: 'Theme: as the system',
  dark: 'Theme: dark',
  paper: 'Theme: paper',
}

const DENSITY_WORDS: Record<Density, string> = {
  large: 'Pictures: large',
  medium: 'Pictures: medium',
  small: 'Pictures: small',
}

export function Header(props: { connection: Connection; density: Choice<Density> }) {
  const theme = createTheme()
  return (
    <header class="header">
      <span class="wordmark" aria-hidden="true">
        Darkroom
      </span>
      <p class="connection" role="status">
        <Show when={CONNECTION_WORDS[props.connection]}>{words => <span>{words()}</span>}</Show>
      </p>
      <ChoiceButton choice={props.density} words={DENSITY_WORDS} />
      <ChoiceButton choice={theme} words={THEME_WORDS} />
    </header>
  )
}

/** Shows what is chosen, and takes the next one. */
function ChoiceButton<Name extends IconName>(props: { choice: Choice<Name>; words: Record<Name, string> }) {
  const words = () => props.words[props.choice.chosen()]
  return (
    <button type="button" class="quiet icon-only" aria-label={words()} title={words()} onClick={props.choice.next}>
      <Icon name={props.choice.chosen()} />
    </button>
  )
}
