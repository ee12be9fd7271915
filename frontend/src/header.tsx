import type { Parts } from '@darkroom/contracts/parts'
import { Show } from 'solid-js'
import type { Density } from './feed/row-layout.ts'
import type { Connection } from './live/live.ts'
import { formatParts } from './live/parts.ts'
import { createTheme, type Theme } from './settings/theme.ts'
import { Icon, type IconName } from './ui/icons.tsx'
import type { PersistedChoice } from './ui/persisted-choice.ts'

const CONNECTION_LABELS: Record<Connection, string> = {
  connecting: '',
  live: '',
  reconnecting: 'Reconnecting…',
  offline: 'Offline. What you send goes out when you are back.',
}

/** Length in characters up to which a line fits beside the buttons in any window. */
const SHORT_LENGTH = 20

const THEME_LABELS: Record<Theme, string> = {
  system: 'Theme: as the system',
  dark: 'Theme: dark',
  paper: 'Theme: paper',
}

const DENSITY_LABELS: Record<Density, string> = {
  large: 'Pictures: large',
  medium: 'Pictures: medium',
  small: 'Pictures: small',
}

interface HeaderProps {
  connection: Connection
  /** The state of the studio's parts, null while it is not known. */
  parts: Parts | null
  density: PersistedChoice<Density>
}

/** The header: the state of the connection or of the studio's parts, and the choices of density and theme. */
export function Header(props: HeaderProps) {
  const theme = createTheme()
  const status = () => CONNECTION_LABELS[props.connection] || formatParts(props.parts)
  return (
    <header class="header">
      <span class="wordmark" aria-hidden="true">
        Darkroom
      </span>
      <p class="connection" role="status">
        <Show when={status()}>{label => <span data-long={label().length > SHORT_LENGTH}>{label()}</span>}</Show>
      </p>
      <ChoiceButton choice={props.density} labels={DENSITY_LABELS} />
      <ChoiceButton choice={theme} labels={THEME_LABELS} />
    </header>
  )
}

/** A button that shows the selected option. A click selects the next one. */
function ChoiceButton<Name extends IconName>(props: { choice: PersistedChoice<Name>; labels: Record<Name, string> }) {
  const label = () => props.labels[props.choice.selected()]
  return (
    <button
      type="button"
      class="quiet icon-only"
      aria-label={label()}
      title={label()}
      onClick={props.choice.selectNext}
    >
      <Icon name={props.choice.selected()} />
    </button>
  )
}
