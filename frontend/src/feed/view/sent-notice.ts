import { type Accessor, createEffect, on } from 'solid-js'
import { isPlain } from '../../library/list-query.ts'
import type { GenerationWindow } from '../../store/generation-window.ts'
import type { Notices } from '../../ui/notices.ts'

export interface SentNoticeDeps {
  generationWindow: Accessor<GenerationWindow>
  /** Whether the page is at the end of the feed. */
  isAtEnd: () => boolean
  scrollToEnd: () => void
  /** Returns the studio's time, in milliseconds since 1970. */
  now: () => number
  notify: Notices['notify']
}

/** A submission that is older comes from an earlier page, in milliseconds. */
const RECENT_MS = 10_000

/** Notifies the user of a submission that was sent while the page is not at the end of the feed, where its row is. */
export function createSentNotice({ generationWindow, isAtEnd, scrollToEnd, now, notify }: SentNoticeDeps) {
  createEffect(
    on(generationWindow, (current, before) => {
      if (!before || isAtEnd() || !isPlain(current.query)) return
      const known = new Set(before.unsent.map(({ key }) => key))
      const isNew = ({ key, generation }: GenerationWindow['unsent'][number]) =>
        !known.has(key) && now() - Date.parse(generation.createdAt) < RECENT_MS
      if (current.unsent.some(isNew)) notify('It is at the end of the feed.', { label: 'Go there', run: scrollToEnd })
    }),
  )
}
