import { createEffect, createMemo, on } from 'solid-js'
import { goToAddress, replaceAddress } from '../../pages/page-route.ts'
import { formatPanelAddress, LIST_ADDRESS, type Panel, parsePanel } from './connections-address.ts'

/** Creates the route of the panel: its address, and the focus that goes back to what opened it. @param rest of the page's address */
export function createPanelRoute(rest: () => string) {
  const panel = createMemo(() => parsePanel(rest()), null, {
    equals: (before, now) => formatPanelAddress(before) === formatPanelAddress(now),
  })
  let isOpenedHere = false

  createEffect(
    on(panel, (now, before) => {
      if (now !== null && before === null) isOpenedHere = true
      if (now === null && before) queueMicrotask(() => focusOpener(before))
    }),
  )

  function openPanel(opened: Exclude<Panel, null>) {
    const address = formatPanelAddress(opened)
    if (panel() === null) goToAddress(address)
    else replaceAddress(address)
  }

  /** Closes the panel: the browser's Back does the same where the list was before it. */
  function closePanel() {
    if (!isOpenedHere) return replaceAddress(LIST_ADDRESS)
    isOpenedHere = false
    history.back()
  }

  return { panel, openPanel, closePanel }
}

/** Focuses the control that opens a panel. */
export function focusOpener(panel: Exclude<Panel, null>) {
  const selector = panel.kind === 'add' ? '.add-link' : `[data-connection="${panel.id}"] [aria-haspopup="menu"]`
  document.querySelector<HTMLElement>(selector)?.focus()
}
