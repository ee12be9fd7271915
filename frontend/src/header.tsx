import { Show } from 'solid-js'
import type { DensityChoice } from './density.ts'
import { Icon } from './icons.tsx'
import type { Density } from './layout.ts'
import type { Connection } from './live.ts'
import { createTheme, type Theme } from './theme.ts'

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

export function Header(props: { connection: Connection; size: DensityChoice }) {
  const { theme, next } = createTheme()
  return (
    <header class="header">
      <span class="wordmark" aria-hidden="true">
        Darkroom
      </span>
      <p class="connection" role="status">
        <Show when={CONNECTION_WORDS[props.connection]}>{words => <span>{words()}</span>}</Show>
      </p>
      <button
        type="button"
        class="quiet icon-only"
        aria-label={DENSITY_WORDS[props.size.density()]}
        title={DENSITY_WORDS[props.size.density()]}
        onClick={props.size.next}
      >
        <Icon name={props.size.density()} />
      </button>
      <button
        type="button"
        class="quiet icon-only"
        aria-label={THEME_WORDS[theme()]}
        title={THEME_WORDS[theme()]}
        onClick={next}
      >
        <Icon name={theme()} />
      </button>
    </header>
  )
}
