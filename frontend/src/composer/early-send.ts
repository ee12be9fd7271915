import { type Accessor, createEffect, on } from 'solid-js'

export interface EarlySendOptions {
  prompt: () => string
  /** Undefined until the models are known. */
  hasModels: Accessor<boolean | undefined>
  send: () => void
}

/**
 * Sends what is to be sent before the models are known as soon as they are, unless the prompt is changed meanwhile.
 *
 * @returns waits with the prompt, if the models are not known
 */
export function createEarlySend({ prompt, hasModels, send }: EarlySendOptions): () => void {
  let waiting: string | undefined
  createEffect(
    on(
      hasModels,
      () => {
        if (waiting === prompt()) send()
        waiting = undefined
      },
      { defer: true },
    ),
  )
  return () => {
    if (hasModels() === undefined) waiting = prompt()
  }
}
