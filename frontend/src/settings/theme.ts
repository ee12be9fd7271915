import { createEffect } from 'solid-js'
import { createPersistedChoice, type PersistedChoice } from '../ui/persisted-choice.ts'

export type Theme = 'system' | 'dark' | 'paper'

// early-theme.js reads the same key before the first paint.
const STORAGE_KEY = 'darkroom.theme'

/** Creates the choice of the page's theme. It follows the system until the user chooses. */
export function createTheme(): PersistedChoice<Theme> {
  const theme = createPersistedChoice(STORAGE_KEY, ['system', 'dark', 'paper'])
  createEffect(() => {
    document.documentElement.dataset.theme = theme.selected()
  })
  return theme
}
