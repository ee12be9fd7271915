import { createEffect, createSignal } from 'solid-js'
import { recall, remember } from './memory.ts'

const THEMES = ['system', 'dark', 'paper'] as const
export type Theme = (typeof THEMES)[number]

// early-theme.js reads the same key before the first paint.
const KEY = 'darkroom.theme'

/** The theme that the person chose, remembered in this browser; it follows the system until they choose. */
export function createTheme() {
  const [theme, setTheme] = createSignal<Theme>(THEMES.find(name => name === recall(KEY)) ?? 'system')
  createEffect(() => {
    document.documentElement.dataset.theme = theme()
    remember(KEY, theme() === 'system' ? null : theme())
  })
  const next = () => setTheme(now => THEMES[(THEMES.indexOf(now) + 1) % THEMES.length] ?? 'system')
  return { theme, next }
}
