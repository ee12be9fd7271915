import { createSignal, Show } from 'solid-js'
import { Icon, type IconName } from '../../ui/icons.tsx'
import { type MenuItem, MenuList } from '../../ui/menu.tsx'

interface BarMenuProps {
  /** Name of the button, and of the menu. */
  label: string
  icon: IconName
  items: readonly MenuItem[]
  /** Shown beside the icon. */
  text?: string
}

/** A button of the lightbox that opens a menu. */
export function BarMenu(props: BarMenuProps) {
  const [isOpen, setOpen] = createSignal(false)
  let button: HTMLButtonElement | undefined

  function close(returnFocus: boolean) {
    setOpen(false)
    if (returnFocus) button?.focus({ preventScroll: true })
  }

  function select(item: MenuItem) {
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
    <div class="bar-menu">
      <button
        ref={button}
        type="button"
        class={props.text ? 'on-backdrop' : 'on-backdrop icon-only'}
        aria-haspopup="menu"
        aria-expanded={isOpen()}
        aria-label={props.label}
        title={props.label}
        onClick={() => setOpen(open => !open)}
        onKeyDown={onKeyDown}
      >
        <Icon name={props.icon} />
        <Show when={props.text}>
          <span>{props.text}</span>
        </Show>
      </button>
      <Show when={isOpen()}>
        <MenuList label={props.label} items={props.items} onSelect={select} onClose={close} />
      </Show>
    </div>
  )
}
