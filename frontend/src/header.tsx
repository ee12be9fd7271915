import { Show } from 'solid-js'
import { Icon } from './icons.tsx'
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

export function Header(props: { connection: Connection }) {
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
        aria-label={THEME_WORDS[theme()]}
        title={THEME_WORDS[theme()]}
        onClick={next}
      >
        <Icon name={theme()} />
      </button>
    </header>
  )
}
