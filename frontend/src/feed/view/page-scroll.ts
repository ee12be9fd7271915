import { observeWindowOffset, type Virtualizer } from '@tanstack/solid-virtual'

type OffsetListener = (offset: number, isScrolling: boolean) => void

/**
 * Creates the virtualizer's access to the page's scroll offset. A scroll of its own is reported at once: the browser's event comes
 * a frame later, and that frame would show the previous rows.
 */
export function createPageScroll() {
  let notify: OffsetListener | undefined

  function scrollToFn(to: number, { adjustments = 0, behavior }: { adjustments?: number; behavior?: ScrollBehavior }) {
    window.scrollTo({ top: to + adjustments, ...(behavior && { behavior }) })
    if (behavior !== 'smooth') notify?.(window.scrollY, false)
  }

  function observeElementOffset(virtualizer: Virtualizer<Window, HTMLElement>, listener: OffsetListener) {
    notify = listener
    return observeWindowOffset(virtualizer, listener)
  }

  return { scrollToFn, observeElementOffset }
}
