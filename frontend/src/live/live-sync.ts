import { createSignal, onCleanup, onMount } from 'solid-js'
import type { GenerationStore } from '../store/generation-store.ts'
import type { Connection, LiveHandlers } from './live.ts'

export interface LiveSyncOptions {
  store: GenerationStore
  /** Hears of everything that happens in the studio, until what it gives back is called. */
  subscribe: (handlers: LiveHandlers) => () => void
  /** Reads the first page. */
  openFirst: () => Promise<void>
}

const RETRY_DELAY_MS = 4_000
const FIRST_PAGE_DELAY_MS = 700

/** Keeps the library to what happens in the studio, from the first page on and through every break. */
export function createLiveSync({ store, subscribe, openFirst }: LiveSyncOptions) {
  const [connection, setConnection] = createSignal<Connection>('connecting')
  let hasOpened = false
  let hasBeenLive = false
  let timer: ReturnType<typeof setTimeout>

  /** The first page is read once the stream is open, so that nothing can happen between the two; or soon, without it. */
  function openOnce() {
    if (hasOpened) return
    hasOpened = true
    void openFirst()
  }

  function onConnection(state: Connection) {
    setConnection(state)
    const isLate = state === 'live' && !hasBeenLive && hasOpened
    if (state !== 'connecting') openOnce()
    if (state !== 'live') return
    hasBeenLive = true
    void store.sendWaiting()
    if (isLate || store.loadState().first === 'failed') void reload()
    if (store.loadState().older === 'failed') void store.readOlder()
    if (store.loadState().newer === 'failed') void store.readNewer()
  }

  async function reload() {
    clearTimeout(timer)
    try {
      await store.readAgain()
    } catch {
      timer = setTimeout(reload, RETRY_DELAY_MS)
    }
  }

  onMount(() => {
    timer = setTimeout(openOnce, FIRST_PAGE_DELAY_MS)
    const unsubscribe = subscribe({ onGeneration: store.receive, onGap: reload, onConnection })
    onCleanup(() => {
      clearTimeout(timer)
      unsubscribe()
    })
  })

  return connection
}
