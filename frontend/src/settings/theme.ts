import { createEffect } from 'solid-js'
import { type Choice, createChoice } from '../ui/persisted-choice.ts'

export type Theme = 'system' | 'dark' | 'paper'

// early-theme.js reads the same key before the first paint.
const KEY = 'darkroom.theme'

/** The theme of the page; it follows the system until the person chooses. */
export function createTheme(): Choice<Theme> {
  const theme = createChoice(KEY, ['system', 'dark', 'paper'])
  createEffect(() => {
    document.documentElement.dataset.theme = theme.chosen()
  })
  return theme
}
