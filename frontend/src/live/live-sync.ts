import type { Generation } from '@darkroom/contracts/generation'
import { createSignal, onCleanup, onMount } from 'solid-js'
import type { GenerationStore } from '../store/generation-store.ts'
import type { LiveStatus, TabHandlers } from './live.ts'

export interface LiveSyncOptions extends Pick<TabHandlers, 'onConnection' | 'onModels'> {
  store: Pick<GenerationStore, 'receive' | 'drop' | 'loadState' | 'loadOlder' | 'loadNewer' | 'reload'>
  /** Subscribes to the studio's events; the returned function unsubscribes. */
  subscribe: (handlers: TabHandlers) => () => void
  /** Called with each generation that the studio sends, also one outside of the window. */
  onGeneration: (generation: Generation) => void
  /** Reads the first page. */
  openFirst: () => Promise<void>
  /** Sends what waits for the studio, which may be back. */
  sendWaiting: () => void
  /** Called when the event stream is open again after a break. */
  onReconnect: () => void
}

const RETRY_DELAY_MS = 4_000

/**
 * Creates the synchronization of the store with the studio's events, from the first page on and after every break. The first page does not
 * wait for the stream: what happens before that is open comes as no event, so the page is then read again.
 */
export function createLiveSync(options: LiveSyncOptions) {
  const { store, subscribe, openFirst, sendWaiting, onReconnect, onConnection, onModels } = options
  const [status, setStatus] = createSignal<LiveStatus>('connecting')
  let hasBeenLive = false
  let timer: ReturnType<typeof setTimeout> | undefined

  function onStatus(now: LiveStatus) {
    setStatus(now)
    if (now !== 'live') return
    const isFirst = !hasBeenLive
    if (hasBeenLive) onReconnect()
    hasBeenLive = true
    sendWaiting()
    if (isFirst || store.loadState().first === 'failed') void reload()
    if (store.loadState().older === 'failed') void store.loadOlder()
    if (store.loadState().newer === 'failed') void store.loadNewer()
  }

  function onGap() {
    void reload()
    onModels()
  }

  async function reload() {
    clearTimeout(timer)
    try {
      await store.reload()
    } catch {
      timer = setTimeout(reload, RETRY_DELAY_MS)
    }
  }

  onMount(() => {
    void openFirst()
    const onGeneration = (generation: Generation) => {
      store.receive(generation)
      options.onGeneration(generation)
    }
    const unsubscribe = subscribe({ onGeneration, onRemoved: store.drop, onGap, onConnection, onModels, onStatus })
    // The event stream may stay away longer than the part that takes submissions.
    window.addEventListener('online', sendWaiting)
    onCleanup(() => {
      clearTimeout(timer)
      window.removeEventListener('online', sendWaiting)
      unsubscribe()
    })
  })

  return status
}
