import { LIMITS } from '@darkroom/contracts/limits'
import { createEffect, createSignal, on, onCleanup, Show } from 'solid-js'
import { Icon } from '../ui/icons.tsx'
import type { Library } from './library-state.ts'

interface SearchFieldProps {
  library: Library
  /** Takes the field's element. */
  onMount: (field: HTMLInputElement) => void
}

const DEBOUNCE_MS = 200

/** The search field. The list follows what is typed; Enter applies it at once and leaves, Escape clears it and then leaves. */
export function SearchField(props: SearchFieldProps) {
  const { library } = props
  const [text, setText] = createSignal(library.query().text)
  let timer: ReturnType<typeof setTimeout> | undefined
  let field: HTMLInputElement | undefined

  const apply = () => {
    clearTimeout(timer)
    if (text().trim() !== library.query().text) library.setFilter({ text: text().trim() })
  }
  const onInput = (value: string, isComposing: boolean) => {
    setText(value)
    clearTimeout(timer)
    if (!isComposing) timer = setTimeout(apply, DEBOUNCE_MS)
  }
  const clear = () => {
    setText('')
    apply()
    field?.focus()
  }
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Escape' || event.isComposing) return
    event.preventDefault()
    if (text() !== '') return clear()
    library.setFilterOpen(false)
    field?.blur()
  }
  // The address may change the text: the browser's Back, or another section.
  createEffect(
    on(
      () => library.query().text,
      applied => text().trim() !== applied && setText(applied),
      { defer: true },
    ),
  )
  onCleanup(() => clearTimeout(timer))

  return (
    <search class="search">
      <form
        onSubmit={event => {
          event.preventDefault()
          apply()
          field?.blur()
        }}
      >
        <Icon name="search" />
        <input
          ref={element => {
            field = element
            props.onMount(element)
          }}
          type="search"
          enterkeyhint="search"
          aria-label="Search"
          placeholder={formatPlaceholder(library)}
          autocomplete="off"
          spellcheck={false}
          dir="auto"
          maxlength={LIMITS.searchCharacters}
          value={text()}
          onFocus={() => library.setFilterOpen(true)}
          onInput={event => onInput(event.currentTarget.value, event.isComposing)}
          on:compositionend={event => onInput(event.currentTarget.value, false)}
          onKeyDown={onKeyDown}
        />
        <Show when={text() !== ''} fallback={<kbd class="search-key">/</kbd>}>
          <button type="button" class="search-clear" aria-label="Clear the search" onClick={clear}>
            <Icon name="close" />
          </button>
        </Show>
      </form>
    </search>
  )
}

function formatPlaceholder({ query, total }: Library): string {
  const { section } = query()
  if (section === 'favourites') return 'Search favourites'
  if (section === 'trash') return 'Search the trash'
  return total() > 1 ? `Search ${total().toLocaleString('en')} generations` : 'Search'
}
