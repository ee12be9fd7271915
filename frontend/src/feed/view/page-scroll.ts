import { observeWindowOffset, type Virtualizer } from '@tanstack/solid-virtual'

type OffsetListener = (offset: number, isScrolling: boolean) => void

/**
 * How the virtualizer scrolls the page and learns where it is. It is told at once where a scroll of its own has led: the
 * browser's event comes a frame later, and that frame would show the rows of before.
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
