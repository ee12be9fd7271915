import { observeWindowOffset, type Virtualizer } from '@tanstack/solid-virtual'

type Tell = (offset: number, isScrolling: boolean) => void

/**
 * How the virtualizer scrolls the page and learns where it is. It is told at once where a scroll of its own has led: the
 * browser's event comes a frame later, and that frame would show the rows of before.
 */
export function createPageScroll() {
  let tell: Tell | undefined

  function scrollToFn(to: number, { adjustments = 0, behavior }: { adjustments?: number; behavior?: ScrollBehavior }) {
    window.scrollTo({ top: to + adjustments, ...(behavior && { behavior }) })
    if (behavior !== 'smooth') tell?.(window.scrollY, false)
  }

  function observeElementOffset(virtualizer: Virtualizer<Window, HTMLElement>, told: Tell) {
    tell = told
    return observeWindowOffset(virtualizer, told)
  }

  return { scrollToFn, observeElementOffset }
}
