import type { Generation } from '@darkroom/contracts/generation'
import type { Generations } from './generation-window.ts'
import { foresee, hide, merge, unhide } from './merge.ts'

export interface ChangesOptions {
  now: () => Generations
  keep: (now: Generations) => void
}

/** Changes that are shown before the studio has made them. */
export function createChanges({ now, keep }: ChangesOptions) {
  /** Shows a change at once while the studio is asked for it, and takes it back if it is not made. @throws what `ask` throws */
  async function changing(key: string, change: (generation: Generation) => Generation, ask: () => Promise<Generation>) {
    const before = now().byKey.get(key)?.generation
    keep(foresee(now(), key, change))
    const shown = now().byKey.get(key)
    try {
      keep(merge(now(), [await ask()]))
    } catch (error) {
      if (before && now().byKey.get(key) === shown) keep(foresee(now(), key, () => before))
      throw error
    }
  }

  /** Takes a row away at once while the studio deletes its generation, and puts it back if it does not. @throws what `ask` throws */
  async function removing(key: string, ask: () => Promise<void>) {
    const row = now().byKey.get(key)
    if (!row) return
    keep(hide(now(), key))
    try {
      await ask()
      keep(unhide(now(), key, row.generation.version))
    } catch (error) {
      keep(unhide(now(), key, row))
      throw error
    }
  }

  return { changing, removing }
}
