import type { Accessor } from 'solid-js'
import type { ScrollTarget } from '../../store/feed-location.ts'
import { type FeedLayout, maxScrollOffset } from '../feed-layout.ts'
import { offsetAfterChange } from './scroll-anchor.ts'

export interface AnchoredUpdateDeps {
  computeLayout: () => FeedLayout
  feedLayout: Accessor<FeedLayout>
  setFeedLayout: (next: FeedLayout) => void
  /** Another object after each move of the window. */
  scrollTarget: () => ScrollTarget
  /** Sets the scroll offset that the virtualizer computes its rows for. */
  setVirtualOffset: (offset: number) => void
  /** Whether the page is on a smooth scroll to the end, which an update extends to the new end. */
  isSmoothScrolling: () => boolean
  /** Called before the rows of another location are rendered. */
  onMove: () => void
  onUpdated: () => void
}

/**
 * Creates the update of the feed. Every change that may move something (rows that are added, grow or are removed, another width,
 * another composer height, a move of the window) passes through `update`, which is never called from a reactive computation: the
 * scroll offset and the rows change in one task, and nothing is painted in between.
 */
export function createAnchoredUpdate(deps: AnchoredUpdateDeps) {
  const { feedLayout } = deps
  let lastTarget = deps.scrollTarget()
  let sizer: HTMLElement | undefined

  /** @param anchorKey a row whose top stays where it is, instead of the row being read */
  function update(anchorKey?: string) {
    const [before, offset] = [feedLayout(), window.scrollY]
    const next = deps.computeLayout()
    const movedTo = takeMove()
    const to = offsetAfterChange({ before, next, offset, movedTo, anchorKey })
    if (movedTo && before.rows.length > 0) deps.onMove()
    applyHeight(next)
    deps.setVirtualOffset(to)
    deps.setFeedLayout(next)
    if (deps.isSmoothScrolling()) window.scrollTo({ top: maxScrollOffset(next), behavior: 'smooth' })
    else if (to !== window.scrollY) window.scrollTo({ top: to })
    deps.onUpdated()
  }

  /** Returns whether the window was moved since the last update. */
  function isMoved(): boolean {
    return deps.scrollTarget() !== lastTarget
  }

  /** Returns the target of a move of the window since the last update, once. */
  function takeMove(): ScrollTarget | undefined {
    if (!isMoved()) return undefined
    lastTarget = deps.scrollTarget()
    return lastTarget
  }

  /** Sets the element that is as high as all rows together. */
  function mountSizer(element: HTMLElement) {
    sizer = element
    applyHeight(feedLayout())
  }

  function applyHeight({ total }: FeedLayout) {
    sizer?.style.setProperty('height', `${total}px`)
  }

  return { update, isMoved, mountSizer }
}
