import type { Parts } from '@darkroom/contracts/parts'
import { type Accessor, createSignal, onCleanup, onMount } from 'solid-js'
import { createLoadOnce } from '../ui/load-once.ts'
import type { PartsWatchOptions } from './parts-watch.ts'

export interface PartsStatus {
  /** The state of the parts, null while it is not known. */
  parts: Accessor<Parts | null>
  /** Reads the state of the parts: to be called when a request showed that one may be away. */
  check: () => Promise<void>
}

/**
 * Creates the status of the studio's parts. It is read when something shows that one may be away: a request that was not
 * answered, a submission that waits, or generations that stand still. The first rows do not wait for the code of that.
 */
export function createPartsStatus(options: Omit<PartsWatchOptions, 'onChange'>): PartsStatus {
  const [parts, setParts] = createSignal<Parts | null>(null)
  let isDisposed = false
  const watch = createLoadOnce(async () => {
    const { startPartsWatch } = await import('./parts-watch.ts')
    const started = startPartsWatch({ ...options, onChange: setParts })
    if (isDisposed) started.stop()
    return started
  })
  onMount(() => void watch.preload())
  onCleanup(() => {
    isDisposed = true
    watch.current()?.stop()
  })
  return {
    parts,
    check: async () => {
      await watch.preload()
      await watch.current()?.check()
    },
  }
}
