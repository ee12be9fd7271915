import { createSignal, onCleanup, onMount } from 'solid-js'
import type { GenerationStore } from './store/generation-store.ts'

/** Creates signals of the store's window and of its load state. They follow the store from the mount on. */
export function createStoreSignals(store: Pick<GenerationStore, 'current' | 'loadState' | 'subscribe'>) {
  const [generationWindow, setGenerationWindow] = createSignal(store.current())
  const [loadState, setLoadState] = createSignal(store.loadState())
  onMount(() => {
    const unsubscribe = store.subscribe(now => {
      setGenerationWindow(now)
      setLoadState(store.loadState())
    })
    onCleanup(unsubscribe)
  })
  return { generationWindow, loadState }
}
