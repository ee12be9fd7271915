import type { GenerationStore } from '../store/generation-store.ts'
import type { NoticeAction } from '../ui/notices.ts'
import { isPlain, type ListQuery } from './list-query.ts'

export interface SentNoticeOptions {
  send: GenerationStore['send']
  query: () => ListQuery
  notify: (message: string, action?: NoticeAction) => void
  /** Shows the plain feed at its end. */
  showFeed: () => void
}

/** Returns `send` with a notice for what is sent from another list than the plain feed: a submission appears there alone. */
export function withSentNotice({ send, query, notify, showFeed }: SentNoticeOptions): GenerationStore['send'] {
  return queued => {
    if (!isPlain(query())) notify('It is at the end of the feed.', { label: 'Show', run: showFeed })
    return send(queued)
  }
}
