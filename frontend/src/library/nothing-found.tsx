import type { Model } from '@darkroom/contracts/model'
import { Show } from 'solid-js'
import { hasFinePointer } from '../ui/focus-return.ts'
import { describeFilter } from './filter-words.ts'
import type { Library } from './library-state.ts'
import { isFiltered, type ListQuery, type Section } from './list-query.ts'
import { formatTrashDays } from './trash-days.ts'

interface NothingFoundProps {
  query: ListQuery
  modelsById: ReadonlyMap<string, Model>
  library: Pick<Library, 'trashDays' | 'clearFilter' | 'setFilterOpen'>
}

const EMPTY_MESSAGES: Record<Section, { title: string; hint: string }> = {
  all: { title: 'Nothing found.', hint: '' },
  favourites: { title: 'No favourites yet.', hint: 'The heart on a picture puts it here.' },
  trash: { title: 'The trash is empty.', hint: '' },
}

/** The message of a list without generations: which filter nothing matches, and the button that removes it. */
export default function NothingFound(props: NothingFoundProps) {
  const empty = () => EMPTY_MESSAGES[props.query.section]
  const hint = () => (props.query.section === 'trash' ? formatTrashDays(props.library.trashDays()) : empty().hint)
  const inSection = () =>
    ({ all: '', favourites: ' among the favourites', trash: ' in the trash' })[props.query.section]
  /** Clears the filter. The line of filters stays: it or the search has the focus of the button that goes away. */
  const clearFilter = () => {
    props.library.setFilterOpen(true)
    document.querySelector<HTMLElement>(hasFinePointer() ? '.search input' : '.filter-bar select')?.focus()
    props.library.clearFilter()
  }
  return (
    <section class="centred">
      <Show
        when={isFiltered(props.query)}
        fallback={
          <>
            <h2>{empty().title}</h2>
            <p>{hint()}</p>
          </>
        }
      >
        <h2>Nothing found{inSection()}.</h2>
        <p role="status">No generation matches {describeFilter(props.query, props.modelsById)}.</p>
        <button type="button" class="solid" onClick={clearFilter}>
          Clear filters
        </button>
      </Show>
    </section>
  )
}
