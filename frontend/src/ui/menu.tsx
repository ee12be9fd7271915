import { createSignal, For, onCleanup, onMount, Show } from 'solid-js'
import { Icon } from './icons.tsx'

/** An entry of a menu. */
export interface MenuItem {
  label: string
  run: () => void
}

interface MenuProps {
  /** Name of the button: which thing the menu is of. */
  label: string
  items: readonly MenuItem[]
}

/**
 * A button with a menu. Arrow keys, Home and End move in it, Escape and Tab close it.
 *
 * @see https://www.w3.org/WAI/ARIA/apg/patterns/menu-button/
 */
export function MenuButton(props: MenuProps) {
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
    setOpen(true)
  }
  return (
    <div class="menu-anchor">
      <button
        ref={button}
        type="button"
        class="quiet icon-only"
        aria-haspopup="menu"
        aria-expanded={isOpen()}
        aria-label={props.label}
        onClick={() => setOpen(open => !open)}
        onKeyDown={onKeyDown}
      >
        <Icon name="more" />
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

function MenuList(props: MenuListProps) {
  let list: HTMLDivElement | undefined
  const entries = () => [...(list?.querySelectorAll<HTMLElement>('[role=menuitem]') ?? [])]

  function moveFocus(index: number) {
    const all = entries()
    all[(index + all.length) % all.length]?.focus()
  }

  function onKeyDown(event: KeyboardEvent) {
    const index = entries().indexOf(event.target as HTMLElement)
    const target = { ArrowDown: index + 1, ArrowUp: index - 1, Home: 0, End: -1 }[event.key]
    if (target === undefined && event.key !== 'Escape' && event.key !== 'Tab') return
    event.stopPropagation()
    if (event.key !== 'Tab') event.preventDefault()
    if (target === undefined) props.onClose(true)
    else moveFocus(target)
  }

  function onOutside({ target }: Event) {
    if (target instanceof Node && !list?.parentElement?.contains(target)) props.onClose(false)
  }

  onMount(() => {
    moveFocus(0)
    list?.scrollIntoView({ block: 'nearest' })
    document.addEventListener('pointerdown', onOutside)
    onCleanup(() => document.removeEventListener('pointerdown', onOutside))
  })

  return (
    <div ref={list} class="menu" role="menu" tabindex="-1" aria-label={props.label} onKeyDown={onKeyDown}>
      <For each={props.items}>
        {item => (
          <button type="button" role="menuitem" tabindex="-1" class="menu-item" onClick={() => props.onSelect(item)}>
            {item.label}
          </button>
        )}
      </For>
    </div>
  )
}
