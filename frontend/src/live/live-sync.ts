import { createSignal, onCleanup, onMount } from 'solid-js'
import type { Library } from '../store/generation-store.ts'
import type { Connection, Hearing } from './live.ts'

export interface FollowingOptions {
  library: Library
  /** Hears of everything that happens in the studio, until what it gives back is called. */
  listen: (hearing: Hearing) => () => void
  /** Reads the first page. */
  openFirst: () => Promise<void>
}

const TRY_AGAIN_MS = 4_000
const FIRST_PAGE_MS = 700

/** Keeps the library to what happens in the studio, from the first page on and through every break. */
export function createFollowing({ library, listen, openFirst }: FollowingOptions) {
  const [connection, setConnection] = createSignal<Connection>('connecting')
  let hasBegun = false
  let hasBeenLive = false
  let timer: ReturnType<typeof setTimeout>

  /** The first page is read once the stream is open, so that nothing can happen between the two; or soon, without it. */
  function begin() {
    if (hasBegun) return
    hasBegun = true
    void openFirst()
  }

  function onConnection(state: Connection) {
    setConnection(state)
    const isLate = state === 'live' && !hasBeenLive && hasBegun
    if (state !== 'connecting') begin()
    if (state !== 'live') return
    hasBeenLive = true
    void library.sendWaiting()
    if (isLate || library.reading().first === 'failed') void readAgain()
    if (library.reading().older === 'failed') void library.readOlder()
    if (library.reading().newer === 'failed') void library.readNewer()
  }

  async function readAgain() {
    clearTimeout(timer)
    try {
      await library.readAgain()
    } catch {
      timer = setTimeout(readAgain, TRY_AGAIN_MS)
    }
  }

  onMount(() => {
    timer = setTimeout(begin, FIRST_PAGE_MS)
    const hangUp = listen({ onGeneration: library.receive, onGap: readAgain, onConnection })
    onCleanup(() => {
      clearTimeout(timer)
      hangUp()
    })
  })

  return connection
}
