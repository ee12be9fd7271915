import { createSignal, For, onCleanup, onMount, Show } from 'solid-js'
import { Icon, type IconName } from './icons.tsx'

/** An entry of a menu. */
export interface MenuItem {
  label: string
  run: () => void
  /** Second words at the right: the price, the key. */
  hint?: string
  icon?: IconName
  /** Whether a line separates it from the entries before. */
  startsGroup?: boolean
}

interface MenuProps {
  /** Name of the button: which thing the menu is of. */
  label: string
  items: readonly MenuItem[]
}

interface MenuButtonProps extends MenuProps {
  /** Words on the button; an icon unless given. */
  text?: string
  /** Class of the button; a quiet icon unless given. */
  class?: string
  tabindex?: number
}

/**
 * A button with a menu. Arrow keys, Home and End move in it, Escape and Tab close it.
 *
 * @see https://www.w3.org/WAI/ARIA/apg/patterns/menu-button/
 */
export function MenuButton(props: MenuButtonProps) {
  const [isOpen, setOpen] = createSignal(false)
  let button: HTMLButtonElement | undefined

  function close(returnFocus: boolean) {
    setOpen(false)
    if (returnFocus) button?.focus({ preventScroll: true })
  }

  function select(item: MenuItem) {
    // The focus is on the button before the entry moves it elsewhere.
    close(true)
    item.run()
  }

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'ArrowDown') return
    event.preventDefault()
    event.stopPropagation()
    setOpen(true)
  }
  return (
    <div class="menu-anchor">
      <button
        ref={button}
        type="button"
        class={props.class ?? 'quiet icon-only'}
        tabindex={props.tabindex}
        aria-haspopup="menu"
        aria-expanded={isOpen()}
        aria-label={props.label}
        onClick={() => setOpen(open => !open)}
        onKeyDown={onKeyDown}
      >
        {props.text ?? <Icon name="more" />}
      </button>
      <Show when={isOpen()}>
        <MenuList label={props.label} items={props.items} onSelect={select} onClose={close} />
      </Show>
    </div>
  )
}

interface MenuListProps extends MenuProps {
  onSelect: (item: MenuItem) => void
  onClose: (returnFocus: boolean) => void
}

export function MenuList(props: MenuListProps) {
  let list: HTMLDivElement | undefined
  const entries = () => [...(list?.querySelectorAll<HTMLElement>('[role=menuitem]') ?? [])]

  function moveFocus(index: number) {
    const all = entries()
    all[(index + all.length) % all.length]?.focus()
  }

  function onKeyDown(event: KeyboardEvent) {
    const index = entries().indexOf(event.target as HTMLElement)
    const target = { ArrowDown: index + 1, ArrowUp: index - 1, Home: 0, End: -1 }[event.key]
    // The keys of the page do nothing while a menu is open.
    event.stopPropagation()
    if (target === undefined && event.key !== 'Escape' && event.key !== 'Tab') return
    if (event.key !== 'Tab') event.preventDefault()
    if (target === undefined) props.onClose(true)
    else moveFocus(target)
  }

  function onOutside({ target }: Event) {
    if (target instanceof Node && !list?.parentElement?.contains(target)) props.onClose(false)
  }

  /** Moves the menu with its button, also where the feed scrolls by itself, and closes it once the button is out of view. */
  function followButton() {
    const anchor = list?.parentElement?.getBoundingClientRect()
    if (!list || !anchor) return
    if (anchor.bottom > 0 && anchor.top < innerHeight) positionAtAnchor(list, anchor)
    else props.onClose(list.contains(document.activeElement))
  }

  onMount(() => {
    list?.showPopover()
    followButton()
    moveFocus(0)
    const closed = new AbortController()
    const passive = { signal: closed.signal, passive: true }
    document.addEventListener('pointerdown', onOutside, { signal: closed.signal })
    window.addEventListener('scroll', followButton, passive)
    window.addEventListener('resize', () => props.onClose(true), passive)
    onCleanup(() => closed.abort())
  })

  return (
    <div
      ref={list}
      class="menu"
      role="menu"
      popover="manual"
      tabindex="-1"
      aria-label={props.label}
      onKeyDown={onKeyDown}
      onClick={event => event.stopPropagation()}
    >
      <For each={props.items}>{item => <MenuEntry item={item} onSelect={props.onSelect} />}</For>
    </div>
  )
}

function MenuEntry(props: { item: MenuItem; onSelect: (item: MenuItem) => void }) {
  return (
    <button
      type="button"
      role="menuitem"
      tabindex="-1"
      class="menu-item"
      data-starts-group={props.item.startsGroup}
      onClick={() => props.onSelect(props.item)}
    >
      <Show when={props.item.icon}>{name => <Icon name={name()} />}</Show>
      <span class="menu-label">{props.item.label}</span>
      <Show when={props.item.hint}>
        <span class="menu-hint">{props.item.hint}</span>
      </Show>
    </button>
  )
}

/** Distance of a menu from its button and from the edges of the window, in CSS pixels. */
const MENU_GAP = 4
const EDGE_GAP = 8

/** Positions a menu in the top layer, where no parent cuts it off: below the element it belongs to or above it, within the window. */
function positionAtAnchor(list: HTMLElement, anchor: DOMRect) {
  const { width, height } = list.getBoundingClientRect()
  const { clientWidth, clientHeight } = document.documentElement
  const below = anchor.bottom + MENU_GAP
  const above = anchor.top - MENU_GAP - height
  const top = below + height <= clientHeight - EDGE_GAP || above < EDGE_GAP ? below : above
  list.style.top = `${Math.max(EDGE_GAP, Math.min(top, clientHeight - EDGE_GAP - height))}px`
  list.style.left = `${Math.max(EDGE_GAP, Math.min(anchor.right - width, clientWidth - EDGE_GAP - width))}px`
}
