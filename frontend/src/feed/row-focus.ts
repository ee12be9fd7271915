import { onCleanup, onMount } from 'solid-js'

const CONTROLS = 'button:not(:disabled), a[href]'
/** Menus and popovers, which lie over a row and have their keys to themselves. */
const APART = '.menu, [popover]'
const HORIZONTAL: Readonly<Record<string, number>> = { ArrowLeft: -1, ArrowRight: 1 }

/**
 * Creates the keyboard focus of a row: one tab stop, with arrow keys inside it. Left and right go through the images and on to the
 * actions, down goes to the controls of an image, up back to it. Controls come and go with the row's state; an observer gives each
 * its `tabindex`.
 *
 * @see https://www.w3.org/WAI/ARIA/apg/practices/keyboard-interface/#kbd_roving_tabindex
 */
export function createRowFocus() {
  let row: HTMLElement | undefined
  let stop: HTMLElement | undefined

  function mount(element: HTMLElement) {
    row = element
  }

  /** Makes one control the tab stop: the one that had the focus last, else the first. */
  function update() {
    if (!row) return
    const next = stop && row.contains(stop) ? stop : listStops(row)[0]
    for (const control of listControls(row)) setTabIndex(control, control === next ? 0 : -1)
  }

  function onFocusIn(event: FocusEvent) {
    const control = controlOf(event.target)
    if (!control || control === stop) return
    stop = control
    update()
  }

  function onKeyDown(event: KeyboardEvent) {
    const control = controlOf(event.target)
    if (!row || !control || event.defaultPrevented || hasModifier(event)) return
    const target = findTarget(row, control, event.key)
    if (!target) return
    event.preventDefault()
    target.focus()
  }

  onMount(() => {
    if (!row) return
    update()
    const observer = new MutationObserver(update)
    observer.observe(row, { childList: true, subtree: true })
    onCleanup(() => observer.disconnect())
  })
  return { mount, onFocusIn, onKeyDown }
}

function findTarget(row: HTMLElement, control: HTMLElement, key: string): HTMLElement | undefined {
  const tile = control.closest<HTMLElement>('.tile')
  const isInTile = tile !== null && !control.matches('.picture')
  if (isInTile && key === 'ArrowUp') return tile.querySelector<HTMLElement>('.picture') ?? undefined
  if (tile && !isInTile && key === 'ArrowDown') return listTileControls(tile)[0]
  const group = isInTile ? listTileControls(tile) : listStops(row).filter(isShown)
  if (key === 'Home') return group[0]
  if (key === 'End') return group.at(-1)
  const step = HORIZONTAL[key]
  return step === undefined ? undefined : group[group.indexOf(control) + step]
}

/** Lists the controls of a row but those on images: the images first, then the others. */
function listStops(row: HTMLElement): HTMLElement[] {
  const all = listControls(row).filter(control => control.closest('.tile-actions') === null)
  const images = all.filter(control => control.matches('.picture'))
  return [...images, ...all.filter(control => !images.includes(control))]
}

function listTileControls(tile: HTMLElement): HTMLElement[] {
  return listControls(tile).filter(control => !control.matches('.picture') && isShown(control))
}

function listControls(element: HTMLElement): HTMLElement[] {
  return [...element.querySelectorAll<HTMLElement>(CONTROLS)].filter(control => control.closest(APART) === null)
}

function controlOf(target: EventTarget | null): HTMLElement | null {
  if (!(target instanceof Element) || target.closest(APART) !== null) return null
  return target.closest<HTMLElement>(CONTROLS)
}

function isShown(control: HTMLElement): boolean {
  return control.checkVisibility()
}

function setTabIndex(control: HTMLElement, value: number) {
  if (control.getAttribute('tabindex') !== String(value)) control.setAttribute('tabindex', String(value))
}

function hasModifier({ altKey, ctrlKey, metaKey, shiftKey }: KeyboardEvent): boolean {
  return altKey || ctrlKey || metaKey || shiftKey
}
