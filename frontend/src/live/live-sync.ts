import { createSignal, onCleanup, onMount } from 'solid-js'
import type { GenerationStore } from '../store/generation-store.ts'
import type { LiveHandlers, LiveStatus } from './live.ts'

export interface LiveSyncOptions extends Pick<LiveHandlers, 'onConnection' | 'onModels'> {
  store: Pick<GenerationStore, 'receive' | 'loadState' | 'loadOlder' | 'loadNewer' | 'reload'>
  /** Subscribes to the studio's events; the returned function unsubscribes. */
  subscribe: (handlers: LiveHandlers) => () => void
  /** Reads the first page. */
  openFirst: () => Promise<void>
  /** Sends what waits for the studio, which may be back. */
  sendWaiting: () => void
  /** Called when the event stream is open again after a break. */
  onReconnect: () => void
}

const RETRY_DELAY_MS = 4_000
const FIRST_PAGE_DELAY_MS = 700

/** Creates the synchronization of the store with the studio's events, from the first page on and after every break. */
export function createLiveSync(options: LiveSyncOptions) {
  const { store, subscribe, openFirst, sendWaiting, onReconnect, onConnection, onModels } = options
  const [status, setStatus] = createSignal<LiveStatus>('connecting')
  let hasOpened = false
  let hasBeenLive = false
  let timer: ReturnType<typeof setTimeout>

  /** Reads the first page: once the stream is open, so that no event can fall between the two, or after 700 ms without it. */
  function openOnce() {
    if (hasOpened) return
    hasOpened = true
    void openFirst()
  }

  function onStatus(now: LiveStatus) {
    setStatus(now)
    const isLate = now === 'live' && !hasBeenLive && hasOpened
    if (now !== 'connecting') openOnce()
    if (now !== 'live') return
    if (hasBeenLive) onReconnect()
    hasBeenLive = true
    sendWaiting()
    if (isLate || store.loadState().first === 'failed') void reload()
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
    timer = setTimeout(openOnce, FIRST_PAGE_DELAY_MS)
    const unsubscribe = subscribe({ onGeneration: store.receive, onGap, onConnection, onModels, onStatus })
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
