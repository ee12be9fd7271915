import type { Model } from '@darkroom/contracts/model'
import { type Accessor, createEffect } from 'solid-js'

export interface MissingModelNoticeOptions {
  /** Id of the chosen model; null while none was chosen. */
  wanted: Accessor<string | null>
  models: Accessor<readonly Model[]>
  /** The model that is used instead. */
  fallback: Accessor<Model | undefined>
  notify: (message: string) => void
}

/** Creates the notice that the chosen model is no longer offered. The draft still names it, and returns to it once it is back. */
export function createMissingModelNotice({ wanted, models, fallback, notify }: MissingModelNoticeOptions) {
  createEffect<Model | undefined>(before => {
    const chosen = models().find(({ id }) => id === wanted())
    const other = fallback()
    const isGone = chosen === undefined && before !== undefined && before.id === wanted()
    if (isGone && other) notify(`${before.name} is not available at the moment: using ${other.name}.`)
    return chosen
  })
}
